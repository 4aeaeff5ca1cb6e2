// Draw Camunda Forms as Tasklist shows them, with example data.
// Input (stdin): {"browser": path, "forms": [{"schema": path, "data": {...}, "picture": path}]}
// Output (stdout): [{"schema", "variables", "submitted", "errors", "text", "images", "height"}]
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const require = createRequire(import.meta.url);
const asset = (name) => require.resolve(`@bpmn-io/form-js/package.json`).replace('package.json', name);
const request = JSON.parse(readFileSync(0, 'utf8'));

// Tasklist 8.6 at 1366×768: the form gets 694 px between the list of tasks and the details.
const WIDTH = 694;
const PAGE = `<!doctype html><html lang="vi"><meta charset="utf-8"><body style="margin:0;font-family:'IBM Plex Sans',sans-serif">
<div style="width:${WIDTH}px;box-sizing:border-box;padding:16px"><div id="form"></div></div></body></html>`;

const browser = await chromium.launch({ executablePath: request.browser, args: ['--no-sandbox'] });
try {
  const page = await browser.newPage({ viewport: { width: 1366, height: 768 }, locale: 'vi-VN' });
  await page.setContent(PAGE);
  await page.addStyleTag({ path: asset('dist/assets/form-js.css') });
  await page.addScriptTag({ path: asset('dist/form-viewer.umd.js') });
  const answers = [];
  for (const { schema, data, picture } of request.forms) {
    const answer = await page.evaluate(
      async ({ schema, data }) => {
        const { createForm, getSchemaVariables } = window.FormViewer;
        window.openForm?.destroy();
        const form = (window.openForm = await createForm({ container: document.querySelector('#form'), schema, data }));
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        const { data: submitted, errors } = form.submit();
        const shown = document.querySelector('#form');
        return {
          variables: getSchemaVariables(schema),
          submitted,
          errors,
          text: shown.innerText,
          images: shown.querySelectorAll('.fjs-form-field-html img').length,
          height: shown.offsetHeight,
        };
      },
      { schema: JSON.parse(readFileSync(schema, 'utf8')), data },
    );
    if (picture) {
      const height = await page.evaluate(() => document.body.scrollHeight);
      await page.screenshot({ path: picture, fullPage: true, clip: { x: 0, y: 0, width: WIDTH, height } });
    }
    answers.push({ schema, ...answer });
  }
  process.stdout.write(JSON.stringify(answers));
} finally {
  await browser.close();
}
