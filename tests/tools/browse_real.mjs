// The real daemon beside a real nginx that begins to fail while the page is open, and goes on failing.
export async function run({ given, open, check, look }) {
    const page = await open();
    const fail = async (path, n = 1) => { for (let i = 0; i < n; i++) await fetch(given.nginx + path).then((r) => r.text()); };
    const row = (text) => page.locator('.issue', { hasText: text });

    await page.goto(given.base + '/issues');
    await page.getByText('Nothing has broken yet').waitFor();
    const loaded = await page.evaluate(() => performance.timeOrigin);

    // It breaks; the list says so by itself.
    await fail('/refused?token=geheim&x=<script>alert(1)</script>', 3);
    await row('UpstreamDown').getByText('NEW').waitFor();
    await page.waitForFunction(() => document.querySelector('.issue .count').textContent.startsWith('3'));
    await fail('/backend/silent');
    await row('UpstreamTimedOut').waitFor();
    check(await page.locator('.issue').count() === 2, 'two issues');

    // Filter and search, by what the server knows of them.
    await page.getByLabel('Search issues').fill('rule:nginx.upstream-refused');
    await row('UpstreamTimedOut').waitFor({ state: 'detached' });
    check(new URL(page.url()).searchParams.get('q') === 'rule:nginx.upstream-refused', page.url());
    await fail('/refused', 2);
    await page.waitForFunction(() => document.querySelector('.issue .count').textContent.startsWith('5'));
    await fail('/backend/silent');
    await page.getByLabel('Search issues').fill('');
    await row('UpstreamTimedOut').waitFor();
    await look(page, 'real-issues');

    // Its story.
    await row('UpstreamDown').locator('a').click();
    await page.getByRole('heading', { name: 'Breadcrumbs' }).waitFor();
    await page.getByText(/same (request|connection)/).first().waitFor();
    const story = await page.locator('main').innerText();
    check(story.includes('/refused') && !story.includes('geheim'), 'the request, without its secret: ' + story.slice(0, 2000));
    await look(page, 'real-issue');
    await fail('/refused');
    await page.getByRole('button', { name: 'A newer event' }).click();

    // The rule that decided, with its text.
    await page.locator('a', { hasText: 'nginx.upstream-refused' }).last().click();
    await page.getByText('samples:').first().waitFor();
    check((await page.locator('details[open]').count()) === 1, 'the rule is open');
    await look(page, 'real-rules');

    // Where the lines went, while more come.
    await page.getByRole('link', { name: 'Flow' }).click();
    await page.getByRole('heading', { name: 'Lines as they go by' }).waitFor();
    await page.getByRole('button', { name: 'Watch lines' }).click();
    await fail('/refused');
    await page.locator('.lines a', { hasText: 'connect() failed' }).first().waitFor();
    await page.locator('svg.flow text', { hasText: /^sent/ }).waitFor();
    await look(page, 'real-flow');

    // What must be answered first.
    await page.getByRole('link', { name: 'Overview' }).click();
    await page.getByRole('heading', { name: 'Delivering' }).waitFor();
    await page.getByText('is lost').waitFor();
    await look(page, 'real-overview');
    check(await page.evaluate(() => performance.timeOrigin) === loaded, 'the page was loaded again');

    // An address with a query: what is told live is asked for as well.
    await page.goto(given.base + '/issues?q=rule:nginx.upstream-refused');
    await row('UpstreamDown').waitFor();
    const count = parseInt(await page.locator('.count').first().textContent(), 10); // innerText is empty before it is drawn
    await fail('/backend/silent');
    await fail('/refused');
    await page.waitForFunction((n) => parseInt(document.querySelector('.count').textContent, 10) > n, count);
    check(await page.locator('.issue').count() === 1, 'only what is asked for');
    await page.close();

    // More look on than there is room for: who comes last is told so, and is live as soon as there is room.
    const others = [...Array(32)].map(() => new AbortController());
    // The place of the page that was closed may be taken for a moment yet.
    const look_on = async (o) => { while (!(await fetch(given.base + '/api/live', { signal: o.signal })).ok) await new Promise((go) => setTimeout(go, 100)); };
    await Promise.all(others.map(look_on));
    const late = await open();
    late.mayFail = true; // the console names what is refused
    await late.goto(given.base + '/issues');
    await late.getByText('32 look on already').waitFor();
    for (const o of others) o.abort();
    await late.getByText('32 look on already').waitFor({ state: 'hidden' });
    await late.close();

    // The same without JavaScript: the list, an issue, another of its events.
    const plain = await open({ javaScriptEnabled: false });
    await plain.goto(given.base + '/');
    await plain.locator('nav a', { hasText: 'Issues' }).click();
    await plain.getByLabel('Search issues').fill('refused');
    await plain.getByRole('button', { name: 'Search' }).click();
    check(await plain.locator('.issue').count() === 1, 'one issue, without JavaScript');
    await plain.locator('.issue a').click();
    await plain.getByRole('heading', { name: 'breadcrumbs' }).waitFor();
    await plain.locator('.others a').last().click();
    await plain.getByText('UpstreamDown').first().waitFor();
}
