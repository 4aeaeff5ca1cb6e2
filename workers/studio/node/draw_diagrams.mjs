// Draw diagrams with bpmn-js in headless Chromium.
// Input (stdin): {"browser": path, "diagrams": [{"source": path, "svg": path, "png": path?}]}
// Output (stdout): [{"source": path, "warnings": [text]}]
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const require = createRequire(import.meta.url);
const viewer = require.resolve('bpmn-js/dist/bpmn-viewer.production.min.js');
const request = JSON.parse(readFileSync(0, 'utf8'));

// The font of the pictures: present on every desktop, with all Vietnamese letters.
const TEXT = { fontFamily: 'Arial, Helvetica, sans-serif' };
const MARGIN = 20;

const browser = await chromium.launch({ executablePath: request.browser, args: ['--no-sandbox'] });
try {
  const page = await browser.newPage();
  const answers = [];
  for (const { source, svg, png } of request.diagrams) {
    await page.setContent('<!doctype html><meta charset="utf-8"><body style="margin:0"><div id="canvas" style="width:1600px;height:900px"></div>');
    await page.addScriptTag({ path: viewer });
    const drawn = await page.evaluate(
      async ({ xml, text }) => {
        const diagram = new window.BpmnJS({ container: '#canvas', textRenderer: { defaultStyle: text, externalStyle: text } });
        const { warnings } = await diagram.importXML(xml);
        const { svg } = await diagram.saveSVG();
        return { svg, warnings: warnings.map((warning) => warning.message) };
      },
      { xml: readFileSync(source, 'utf8'), text: TEXT },
    );
    const picture = withMargin(stable(drawn.svg));
    writeFileSync(svg, picture);
    if (png) await photograph(page, picture, png);
    answers.push({ source, warnings: drawn.warnings });
  }
  process.stdout.write(JSON.stringify(answers));
} finally {
  await browser.close();
}

// bpmn-js numbers its markers at random: number them in order, so that the same diagram gives the same file.
function stable(svg) {
  const names = new Map();
  return svg.replace(/\b(marker|sequenceflow|conditional|default|messageflow|association)[\w-]*-[a-z0-9]{16,}\b/gi, (name, kind) => {
    if (!names.has(name)) names.set(name, `${kind}-${names.size + 1}`);
    return names.get(name);
  });
}

function withMargin(svg) {
  const [x, y, width, height] = svg.match(/viewBox="([^"]+)"/)[1].split(/\s+/).map(Number);
  const box = [x - MARGIN, y - MARGIN, width + 2 * MARGIN, height + 2 * MARGIN];
  return svg
    .replace(/viewBox="[^"]+"/, `viewBox="${box.join(' ')}" style="background: white"`)
    .replace(/width="[\d.]+"/, `width="${box[2]}"`)
    .replace(/height="[\d.]+"/, `height="${box[3]}"`);
}

async function photograph(page, svg, png) {
  const [, width, height] = svg.match(/width="([\d.]+)" height="([\d.]+)"/).map(Number);
  await page.setViewportSize({ width: Math.ceil(width), height: Math.ceil(height) });
  await page.setContent(`<body style="margin:0">${svg.slice(svg.indexOf('<svg'))}`);
  await page.screenshot({ path: png });
}
