// browse: a browser for the scenarios of the page. Run in the folder that has playwright-core and axe-core (foreign.py); arguments: the steps'
// module, and what they need as JSON. Debian's Chromium does the work.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(process.cwd() + '/');
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const CEILING_MS = 30000;
const TALLEST = 2600;
const SIZES = [[1280, 900], [390, 844]];

const [, , steps, text] = process.argv;
const given = JSON.parse(text);
const failures = [];

export function check(truth, what) {
    if (!truth) failures.push(what);
}

// A page that nothing may happen to which a log could have brought about: dialogs, errors, what the policy forbids, requests elsewhere.
async function open(browser, options = {}) {
    const context = await browser.newContext({ viewport: { width: SIZES[0][0], height: SIZES[0][1] }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(CEILING_MS);
    page.on('dialog', (d) => { if (!page.expectsDialog) failures.push('a dialog: ' + d.message()); (page.expectsDialog ? d.accept() : d.dismiss()).catch(() => {}); });
    page.on('pageerror', (e) => failures.push('an error in the page: ' + e.message));
    page.on('console', (m) => ['error', 'warning'].includes(m.type()) && !page.mayFail && failures.push(`the console: ${m.text()}`));
    page.on('request', (r) => new URL(r.url()).host !== new URL(given.base).host && failures.push('a request elsewhere: ' + r.url()));
    return page;
}

// Pictures of each size in light and dark, and what axe finds wrong in them.
async function look(page, name) {
    for (const scheme of ['light', 'dark']) {
        for (const [width, height] of SIZES) {
            await page.setViewportSize({ width, height });
            await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
            await page.waitForTimeout(50); // the picture of the flow is drawn for the new width in the next frame
            const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
            check(over <= 0, `${name} at ${width} px is ${over} px too wide`);
            if (given.pictures) {
                mkdirSync(given.pictures, { recursive: true });
                await page.screenshot({ path: join(given.pictures, `${name}-${width}-${scheme}.png`), fullPage: true, clip: { x: 0, y: 0, width, height: Math.min(await page.evaluate(() => document.documentElement.scrollHeight), TALLEST) } });
            }
            if ((width < 500) !== (scheme === 'dark')) continue; // what is wrong with the size or the colours is seen in two of the four
            await page.evaluate(axe);
            const found = await page.evaluate(() => globalThis.axe.run({ resultTypes: ['violations'] }));
            for (const v of found.violations.filter((x) => ['serious', 'critical'].includes(x.impact)))
                failures.push(`axe: ${name} at ${width} px, ${scheme}: ${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200) + ' ' + (n.any[0]?.message ?? '')).join(' | ')}`);
        }
    }
    await page.setViewportSize({ width: SIZES[0][0], height: SIZES[0][1] });
}

const browser = await chromium.launch({ executablePath: given.chromium, args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'] });
try {
    const module = await import(pathToFileURL(steps));
    await module.run({ given, check, look, open: (options) => open(browser, options) });
} catch (e) {
    failures.push(String(e.stack ?? e));
    for (const page of browser.contexts().flatMap((c) => c.pages()))
        failures.push(`${page.url()} shows: ` + (await page.locator('body').innerText().catch(String)).slice(0, 1500));
} finally {
    await browser.close();
}
for (const f of failures) console.log(f);
process.exit(failures.length ? 1 : 0);
