// A thousand issues, and answers made to do harm (page_fake.py).
export async function run({ given, open, check, look }) {
    const page = await open({ permissions: ['clipboard-read', 'clipboard-write'] });
    const rows = page.locator('.issue');
    await page.addInitScript(() => {
        globalThis.longest = 0;
        new PerformanceObserver((list) => { for (const e of list.getEntries()) globalThis.longest = Math.max(globalThis.longest, e.duration); }).observe({ type: 'longtask' });
    });
    const clean = async (where) => check(await page.evaluate(() => document.querySelectorAll('main script, main img, main b b, [onerror]').length) === 0, `markup of a log in ${where}`);

    await page.goto(given.base + '/');
    await page.getByRole('heading', { name: 'Not delivering' }).waitFor();
    for (const text of ['connection refused by sentry.example.com:443', 'the last event was refused: HTTP 400: no <b>event</b>', '1 unreadable', 'udp_kernel_drops', 'files_gone_unread']) await page.getByText(text).first().waitFor();
    await clean('the overview');
    await look(page, 'many-overview');

    // All of them, live, without a stop that a reader would feel.
    await page.goto(given.base + '/issues');
    await rows.first().waitFor();
    // Rows come by themselves, and what a hand is on its way to stays what it is.
    const more = await page.getByRole('button', { name: 'Show more' }).elementHandle(), before = await rows.count();
    await page.waitForFunction((n) => document.querySelectorAll('.issue').length > n, before);
    check(await more.evaluate((el) => el.isConnected), 'the button was made anew under the hand');
    for (let n = 200; n < given.issues; n += 200) {
        await page.getByRole('button', { name: 'Show more' }).click();
        await page.waitForFunction((x) => document.querySelectorAll('.issue').length > x, n);
    }
    check(await rows.count() === given.issues, `${await rows.count()} rows of ${given.issues}`);
    await page.evaluate(() => { document.activeElement.blur(); scrollTo(0, document.body.scrollHeight); });
    await page.waitForTimeout(1500); // updates come meanwhile, ten a second
    const longest = await page.evaluate(() => globalThis.longest);
    check(longest < given.longest_ms, `the page stood still for ${longest} ms`);
    await page.evaluate(() => scrollTo(0, 0));
    await clean('the list');

    // Search as one types; a filter; both are in the address.
    await page.keyboard.press('/');
    await page.keyboard.type('gateway');
    await page.waitForFunction(() => document.querySelectorAll('.issue').length && [...document.querySelectorAll('.issue .title')].every((a) => a.textContent.includes('gateway')));
    await page.getByLabel('Filter by level').selectOption('error');
    await page.waitForFunction(() => new URL(location.href).searchParams.get('q') === 'gateway level:error');
    await page.getByLabel('Search issues').fill('');
    // At least: those that change meanwhile and are further down come to the top of the list.
    await page.waitForFunction(() => document.querySelectorAll('.issue').length >= 200);
    await look(page, 'many-issues');

    // By keyboard to an issue and back.
    await page.locator('h1').first().waitFor({ state: 'attached' });
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Breadcrumbs' }).waitFor();
    check(await page.evaluate(() => document.activeElement.id) === 'main', 'the new view has not the focus');
    await page.getByRole('button', { name: 'Only the 3 related' }).click();
    check(await page.locator('.trail li').count() === 4, 'related breadcrumbs and the event alone');
    await page.getByRole('button', { name: 'Copy crumbd explain' }).click();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    check(copied === String.raw`crumbd explain --format text $'shop.pay \u001b[201~ failed\nit\'s \\here'`, 'copied: ' + copied);
    await page.getByText('Raw JSON').click();
    await page.getByText('"event_id"').waitFor();
    await clean('the issue');
    check((await page.locator('main').innerText()).includes('\\u202e'), 'a mark of direction is shown by its number');
    await look(page, 'many-issue');
    await page.keyboard.press('Escape');
    await rows.first().waitFor();

    // Back to the place in the list where an issue was opened.
    await page.evaluate(() => scrollTo(0, 3000));
    await page.locator('.issue .title').nth(60).evaluate((a) => a.click());
    await page.getByRole('heading', { name: 'Breadcrumbs' }).waitFor();
    check(await page.evaluate(() => scrollY) === 0, 'an issue begins at its top');
    await page.goBack();
    await rows.first().waitFor();
    await page.waitForFunction(() => scrollY > 1000); // rows that come above it move it on

    // Dead letters: a word before something is deleted, and the header that no other page can send.
    await page.keyboard.press('3');
    await page.getByRole('button', { name: 'Retry' }).first().click();
    page.expectsDialog = true;
    await page.getByRole('button', { name: 'Drop' }).first().click();
    await page.waitForTimeout(200);
    await clean('the flow');
    await look(page, 'many-flow');
    await page.keyboard.press('4');
    await page.getByRole('heading', { name: 'Rules' }).waitFor({ state: 'attached' });
    await page.locator('summary').first().click();
    await look(page, 'many-rules');
}
