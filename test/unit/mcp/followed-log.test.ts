import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { FollowedLog } from '../../../src/mcp/followed-log.js';
import { shardsOf } from '../shard/logs.js';

test('a log that is damaged in one place stays refused, whatever is written behind it', async (t) => {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'followed-'));
	t.teardown(() => rm(directory, { recursive: true }));
	const events = [...(shardsOf(1)[0]?.logs.get('web') ?? [])].map((event) => `${JSON.stringify(event)}\n`);
	const write = (text: string) => appendFile(path.join(directory, 'events.ndjson'), text);
	const log = new FollowedLog(directory);
	await write(events.slice(0, 2).join(''));
	t.is((await log.read()).lab, 'web');
	await write(`{"at":1,"type":\n${events[2]}`);
	await t.throwsAsync(log.read(), { code: 'usage', message: /events\.ndjson:1: this is not an event of a run/ });
	await write(events.slice(3).join(''));
	await t.throwsAsync(log.read(), { code: 'usage' });
});
