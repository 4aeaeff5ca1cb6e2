// Validate element templates against Camunda's schema.
// Input (stdin): {"files": [path]}; output (stdout): [{"file", "message"}]
import { readFileSync } from 'node:fs';
import { validateAllZeebe } from '@bpmn-io/element-templates-validator';

const { files } = JSON.parse(readFileSync(0, 'utf8'));
const found = [];
for (const file of files) {
  const { results } = validateAllZeebe([JSON.parse(readFileSync(file, 'utf8'))]);
  for (const { errors } of results) {
    for (const error of errors ?? []) found.push({ file, message: `${error.instancePath ?? ''} ${error.message}` });
  }
}
process.stdout.write(JSON.stringify(found));
