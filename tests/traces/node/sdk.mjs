// Loaded by --import before the program: starts the SDK, which writes what it would send into a file.
import {createRequire} from 'node:module';
import {writeFileSync} from 'node:fs';

const Sentry = createRequire(process.env.SDK_FOLDER + '/')('@sentry/node');

Sentry.init({
  dsn: 'http://key@127.0.0.1:9/1',
  beforeSend(event) {
    writeFileSync(process.env.SDK_EVENT, JSON.stringify(event));
    return null;
  },
});
