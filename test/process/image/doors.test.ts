/** Builds on a host with other users, some of whom were there first, and some of whom come in between. */
import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { contentKey } from '../../../src/base/hash.js';
import { tokenOf } from '../../../src/base/alive.js';
import { imageKey, provideImage } from '../../../src/image/store.js';
import { guest, makeStore, noted, request } from './stores.js';

// Serial: each store has its own PATH, and a process has one.
const environment = { PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'] };
test.afterEach.always(() => {
	for (const [name, value] of Object.entries(environment)) {
		if (value === undefined) delete process.env[name];
		else process.env[name] = value;
	}
});

const cacheOf = (directory: string) => path.join(path.dirname(directory), 'packages');

test.serial('who was there first under a name that he could guess changes nothing', async (t) => {
	const store = await makeStore(t, 'echo "$TMPDIR" >>NOTES');
	const key = await imageKey(request, guest);
	const guessed = path.join(store.temporary, `rehearse-${os.userInfo().uid}-${contentKey([store.directory, key])}`);
	await mkdir(guessed, { mode: 0o777 });
	await symlink('/etc', path.join(guessed, 'gathered'));
	await provideImage(request, store.options);
	t.not(store.notes()[1], guessed);
	t.deepEqual(await readdir(store.temporary), [path.basename(guessed)], 'his directory is kept, and that of the build is gone');
});

test.serial('nobody but the builder may enter where an image is built', async (t) => {
	const store = await makeStore(t, 'stat -c %a "$TMPDIR" >>NOTES; find "$TMPDIR" -perm -0002 ! -type l >>NOTES');
	await provideImage(request, store.options);
	t.deepEqual(store.notes(), ['begin', '770']);
});

const asRoot = process.getuid?.() === 0 ? test.serial : test.serial.skip;
asRoot('a second user who comes in between reads nothing and puts nothing there', async (t) => {
	const attack = 'ls "$0"; cat "$0/images/customize.sh"; touch "$0/gathered"; ln -s /etc "$0/known/x"; mv "$0" "$0.taken"';
	const store = await makeStore(t, `setpriv --reuid=65534 --regid=65534 --clear-groups sh -c '${attack}' "$TMPDIR" >>NOTES 2>/dev/null; ls "$TMPDIR" | tr "\\n" " " >>NOTES`);
	await provideImage(request, store.options);
	t.deepEqual(store.notes(), ['begin', 'files known layer ']);
});

test.serial('what a build hands back is taken where it is a regular file in a directory of its own, and nothing else', async (t) => {
	const store = await makeStore(t, 'mkdir "$TMPDIR/gathered"; cd "$TMPDIR/gathered"; echo real >real_1_all.deb; ln -s /etc/passwd link_1_all.deb; mkfifo fifo_1_all.deb; mkdir directory_1_all.deb');
	await provideImage(request, store.options);
	const [kept = '', ...others] = await readdir(cacheOf(store.directory));
	t.deepEqual(others, []);
	t.is(await readFile(path.join(cacheOf(store.directory), kept), 'utf8'), 'real\n');
});

test.serial('a directory that became a link is not followed', async (t) => {
	const store = await makeStore(t, 'ln -s "$(dirname "$TMPDIR")/secret" "$TMPDIR/gathered"');
	await mkdir(path.join(store.temporary, 'secret'));
	await writeFile(path.join(store.temporary, 'secret', 'key.deb'), 'of the builder');
	await provideImage(request, store.options);
	t.deepEqual(await readdir(cacheOf(store.directory)), []);
});

test.serial('two that build the same image after a lock was lost: the first is kept, and neither changes the work of the other', async (t) => {
	// The first builder sleeps, as a laptop does, until the second is done.
	const store = await makeStore(t, 'test "$(grep -c begin NOTES)" -gt 1 && exit; while ! grep -q woken NOTES; do sleep 0.05; done');
	const slow = provideImage(request, store.options);
	await noted(store, 'begin');
	const key = await imageKey(request, guest);
	await rm(path.join(store.directory, `${key}.lock`), { recursive: true });
	const fast = await provideImage(request, store.options);
	const { ino } = await stat(fast.rootFile);
	appendFileSync(path.join(store.directory, '..', '..', 'notes'), 'woken\n');
	t.deepEqual(await slow, fast);
	t.is((await stat(fast.rootFile)).ino, ino, 'machines may read it already');
	t.deepEqual(await readdir(store.directory), [key]);
	t.deepEqual(await readdir(store.temporary), []);
});

test.serial('what dead builds have left goes with the next, and what living ones use is kept', async (t) => {
	const store = await makeStore(t, 'exit 0');
	const [dead, alive] = [tokenOf(2 ** 22 + 1), tokenOf(1)];
	const own = `rehearse-${os.userInfo().uid}`;
	const scratches = [dead, alive].map((token) => `${own}-${token}-ab12CD`);
	const partials = [dead, alive].map((token) => `${'a'.repeat(16)}.partial-${token}-ab12CD`);
	for (const name of [...scratches, 'somebody-elses']) await mkdir(path.join(store.temporary, name));
	for (const name of partials) await mkdir(path.join(store.directory, name), { recursive: true });
	const { key } = await provideImage(request, store.options);
	t.deepEqual((await readdir(store.temporary)).sort(), [scratches[1], 'somebody-elses'].sort());
	t.deepEqual((await readdir(store.directory)).sort(), [key, partials[1]].sort());
});

// What mmdebstrap unpacks belongs to the host's own ids where root runs it, as systemd's /run/systemd/netif does to one.
const treeOfMany = (directory: string) => `mkdir -p ${directory}/netif/leases && chown -R 998:998 ${directory}/netif`;

asRoot("root's builds that fail leave nothing, whoever the files are of that they have unpacked", async (t) => {
	const store = await makeStore(t, `${treeOfMany('"$TMPDIR/mmdebstrap.x"')}; exit 1`);
	await t.throwsAsync(provideImage(request, store.options));
	t.deepEqual(await readdir(store.temporary), []);
});

asRoot("root's dead builds are swept away, whoever the files are of that they have unpacked", async (t) => {
	const store = await makeStore(t, '');
	const dead = path.join(store.temporary, `rehearse-0-${tokenOf(2 ** 22 + 1)}-left`);
	await mkdir(dead);
	execFileSync('sh', ['-c', treeOfMany(dead)]);
	await provideImage(request, store.options);
	t.deepEqual(await readdir(store.temporary), []);
});
