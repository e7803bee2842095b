// A store of very many issues, while others come: nothing makes a reader wait.
export async function run({ given, open, check, look }) {
    const page = await open();
    const rows = page.locator('.issue');
    await page.addInitScript(() => {
        globalThis.longest = 0;
        new PerformanceObserver((list) => { for (const e of list.getEntries()) globalThis.longest = Math.max(globalThis.longest, e.duration); }).observe({ type: 'longtask' });
    });
    // What is done, and how long until the page shows it.
    const within = async (what, act, shown, arg) => {
        const began = Date.now();
        await act();
        await page.waitForFunction(shown, arg);
        const took = Date.now() - began;
        check(took < given.answer_ms, `${what} took ${took} ms`);
        console.error(`${what}: ${took} ms`);
    };
    const count = () => Number(document.querySelector('[role=status]')?.textContent.replace(/\D/g, ''));

    await page.goto(given.base + '/issues');
    await page.waitForFunction(() => document.querySelector('[role=status]')?.textContent); // not only the list that can be read without scripts
    const total = await page.evaluate(count);
    check(total >= given.issues - 10 && total <= given.issues + 10, `${total} issues of ${given.issues}`);
    for (let n = 200; n <= 1000; n += 200)
        await within(`more behind ${n}`, () => page.getByRole('button', { name: 'Show more' }).click(), (x) => document.querySelectorAll('.issue').length > x, n);
    await page.evaluate(() => { document.activeElement.blur(); scrollTo(0, document.body.scrollHeight); });
    await page.waitForTimeout(1500); // lines come meanwhile, ten a second
    await page.evaluate(() => scrollTo(0, 0));

    await page.keyboard.press('/');
    await page.keyboard.type('gatewa');
    await within('a search', () => page.keyboard.type('y'), () => document.querySelectorAll('.issue').length && [...document.querySelectorAll('.issue .title')].every((a) => a.textContent.includes('gateway')));
    check(await page.evaluate(count) === given.issues / 4, 'a quarter of them is like that');
    await within('a filter', () => page.getByLabel('Filter by level').selectOption('fatal'), () => document.querySelectorAll('.issue').length === 0);
    await page.getByLabel('Search issues').fill('');
    await page.waitForFunction(() => document.querySelectorAll('.issue').length === 200);
    await within('another order', () => page.getByLabel('Sort by').selectOption('count'), () => {
        const counts = [...document.querySelectorAll('.issue .count')].slice(0, 50).map((b) => Number(b.title.replace(/ occurrences.*/, '').replace(/\D/g, '')));
        return counts.length === 50 && counts[0] > 4900 && counts.every((c, i) => !i || c <= counts[i - 1]);
    });
    await within('one of them', () => rows.first().locator('a').first().click(), () => location.pathname.startsWith('/issue/') && document.querySelector('h1'));
    const longest = await page.evaluate(() => globalThis.longest);
    check(longest < given.longest_ms, `the page stood still for ${longest} ms`);
    await page.goBack();
    await rows.first().waitFor();
    await look(page, 'flood-issues');
}
