// Run bpmnlint with Camunda's rules for the 8.6 engine.
// Input (stdin): {"files": [path]}; output (stdout): [{"file", "element", "rule", "category", "message"}]
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { BpmnModdle } from 'bpmn-moddle';
import { Linter } from 'bpmnlint';
import NodeResolver from 'bpmnlint/lib/resolver/node-resolver.js';

const require = createRequire(import.meta.url);
const zeebe = require('zeebe-bpmn-moddle/resources/zeebe.json');
const config = {
  extends: ['bpmnlint:recommended', 'plugin:camunda-compat/camunda-cloud-8-6'],
};
const { files } = JSON.parse(readFileSync(0, 'utf8'));

const found = [];
for (const file of files) {
  const moddle = new BpmnModdle({ zeebe });
  const { rootElement, warnings } = await moddle.fromXML(readFileSync(file, 'utf8'));
  for (const warning of warnings) {
    found.push({ file, element: warning.element?.id ?? '', rule: 'import', category: 'error', message: warning.message });
  }
  // Some rules remember what they saw: a new linter a file.
  const linter = new Linter({ resolver: new NodeResolver({ require }) });
  const results = await linter.lint(rootElement, config);
  for (const [rule, reports] of Object.entries(results)) {
    for (const { id, category, message } of reports) found.push({ file, element: id ?? '', rule, category, message });
  }
}
process.stdout.write(JSON.stringify(found));
