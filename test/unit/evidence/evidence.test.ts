import { createPublicKey, verify } from 'node:crypto';
import test from 'ava';
import { composeExport } from '../../../src/evidence/compose.js';
import {
	parseEnvelope,
	payloadType,
	preAuthenticationEncoding,
	signedBy,
	signEnvelope,
	type Envelope,
} from '../../../src/evidence/dsse.js';
import { runRefusals } from '../../../src/evidence/refusals.js';
import { packageUrl, parsePackage, sbomJson } from '../../../src/evidence/sbom.js';
import { testResultOf, statementOn } from '../../../src/evidence/statement.js';
import { parseSums, sumsOf } from '../../../src/evidence/sums.js';
import { isSignatureArmour, keysIn } from '../../../src/evidence/verify.js';
import type { RunEvent } from '../../../src/lab/events.js';
import { foldEvents } from '../../../src/outcome/fold.js';
import { generateHostKey } from '../../../src/ssh/login.js';
import { readSigningKey } from '../../../src/ssh/signing.js';
import { matchesGolden } from '../base/golden.js';
import { bundledLab, eventsOf } from '../page/runs.js';
import { node, plan, read } from '../plan/plans.js';

const bytes = (text: string) => Buffer.from(text);

test('sums are read as they are written, and nothing else is', (t) => {
	const text = sumsOf([{ path: 'b', contents: bytes('b') }, { path: 'a/c', contents: bytes('c') }]);
	t.regex(text, /^[0-9a-f]{64} {2}a\/c\n[0-9a-f]{64} {2}b\n$/);
	t.deepEqual([...(parseSums(text) as ReadonlyMap<string, string>).keys()], ['a/c', 'b']);
	for (const other of [text.toUpperCase(), text.trimEnd(), text + text, text.replace('a/c', '../c'), text.replace('  ', ' ')]) t.is(typeof parseSums(other), 'string', other);
});

test('an envelope is signed as DSSE has it: node:crypto agrees', (t) => {
	const { privateKey, publicKey } = generateHostKey();
	const key = readSigningKey(privateKey, 'key');
	const text = signEnvelope(bytes('{"a":1}\n'), key);
	const envelope = parseEnvelope(text) as Envelope;
	t.is(preAuthenticationEncoding('http://example.com/HelloWorld', bytes('hello world')).toString(), 'DSSEv1 29 http://example.com/HelloWorld 11 hello world');
	const raw = Buffer.from(publicKey.split(' ')[1] ?? '', 'base64').subarray(-32);
	const own = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }, format: 'jwk' });
	const signed = preAuthenticationEncoding(payloadType, Buffer.from(envelope.payload, 'base64'));
	t.true(verify(null, signed, own, Buffer.from(envelope.signatures[0]?.sig ?? '', 'base64')));
	t.is(signedBy(envelope, [generateHostKey().publicKey, publicKey]), publicKey);
	t.is(signedBy(envelope, [generateHostKey().publicKey]), undefined);
	t.is(signedBy({ ...envelope, payload: bytes('{"a":2}\n').toString('base64') }, [publicKey]), undefined);
});

test('an envelope has one spelling: every changed byte is seen', (t) => {
	const { privateKey, publicKey } = generateHostKey();
	const text = signEnvelope(bytes('{"a":1}\n'), readSigningKey(privateKey, 'key'));
	for (let index = 0; index < text.length; index += 1) {
		const changed = Buffer.from(text);
		changed[index] = (changed[index] ?? 0) ^ 1;
		const envelope = parseEnvelope(changed.toString('latin1'));
		const isSeen = typeof envelope === 'string' || signedBy(envelope, [publicKey]) === undefined || Buffer.from(envelope.payload, 'base64').toString() !== '{"a":1}\n';
		t.true(isSeen, `byte ${index}`);
	}
});

test('what is no private key signs nothing, and reports what to give', (t) => {
	const { publicKey } = generateHostKey();
	t.throws(() => readSigningKey(publicKey, 'key.pub'), { message: 'key.pub is a public key' });
	t.throws(() => readSigningKey('nothing', 'key'), { message: /^key cannot be used to sign/ });
});

test('allowed signers are read with and without options', (t) => {
	const { publicKey } = generateHostKey();
	const key = publicKey.split(' ').slice(0, 2).join(' ');
	t.deepEqual(keysIn(`# who may\nann@example.org ${key} comment\nbob@example.org,x namespaces="file" ${key}\n\n`), [key, key]);
});

test('armour of another spelling is none', (t) => {
	const body = Buffer.alloc(100, 7).toString('base64').replaceAll(/.{70}(?=.)/g, '$&\n');
	const armour = `-----BEGIN SSH SIGNATURE-----\n${body}\n-----END SSH SIGNATURE-----\n`;
	t.true(isSignatureArmour(armour));
	for (const other of [armour.trimEnd(), armour.replace('\n', '\r\n'), armour.replace('SSH', 'PGP'), armour.replace(/(.)(=*\n-----END)/, (_all, _last: string, rest: string) => `/${rest}`)]) t.false(isSignatureArmour(other));
});

const packages = ['bash 5.2.37-2+b5 amd64 bash 5.2.37-2', 'libc6:amd64\t2.41-12\tamd64\tglibc\t2.41-12', 'adduser\t3.152', 'vim 2:9.1.1230-2 amd64 vim 2:9.1.1230-2', 'ca-certificates 20250419~x all ca-certificates 20250419'];

test('packages have the addresses that package-url gives those of Debian', (t) => {
	const urls = packages.map((line) => packageUrl(parsePackage(line) ?? { name: '', version: '' }, 'trixie'));
	t.deepEqual(urls, [
		'pkg:deb/debian/bash@5.2.37-2%2Bb5?arch=amd64&distro=trixie',
		'pkg:deb/debian/libc6@2.41-12?arch=amd64&distro=trixie',
		'pkg:deb/debian/adduser@3.152?distro=trixie',
		'pkg:deb/debian/vim@2:9.1.1230-2?arch=amd64&distro=trixie',
		'pkg:deb/debian/ca-certificates@20250419~x?arch=all&distro=trixie',
	]);
});

test('a bill of materials, as the schema of CycloneDX 1.6 has it', (t) => {
	const installed = packages.flatMap((line) => parsePackage(line) ?? []);
	matchesGolden(t, 'evidence/golden/sbom.cdx.json', sbomJson({ image: 'abcd', suite: 'trixie', nodes: ['web', 'db'], packages: installed, madeAt: '2026-01-01T00:00:00.000Z', tool: '0.1.0' }));
});

test('an image has the suite of its own in a bill of materials, and each of its packages', (t) => {
	const text = sbomJson({ image: 'abcd', suite: 'bookworm', nodes: ['web'], packages: [{ name: 'bash', version: '5.2.15-2' }], madeAt: '2026-01-01T00:00:00.000Z', tool: '0.1.0' });
	t.notRegex(text, /trixie/);
	t.regex(text, /"purl": "pkg:deb\/debian\/bash@5\.2\.15-2\?distro=bookworm"/);
	t.regex(text, /"version": "debian-bookworm"/);
});

const twoSuites = plan({ nodes: [node('new', 10), node('old', 20, {}, { base_image: 'debian-bookworm' }), node('unnamed', 30, {}, { base_image: undefined })] });
for (const [of, suites, expected] of [
	['that its record has', { a: 'trixie', b: 'bookworm', c: 'forky' }, ['trixie', 'bookworm', 'forky']],
	['that the plan has for it, where an older version made its record', {}, ['trixie', 'bookworm', 'trixie']],
] as const) {
	test(`the suite of an image in an export is ${of}`, async (t) => {
		const source = await read(t, twoSuites);
		const images = ['a', 'b', 'c'].map((key) => ({ key, ...(key in suites ? { suite: suites[key as keyof typeof suites] } : {}), packages: ['bash 5.2 amd64'] }));
		const machines = JSON.stringify({ machines: [{ node: 'new', image: 'a' }, { node: 'old', image: 'b' }, { node: 'unnamed', image: 'c' }], images });
		const { files } = composeExport({ state: foldEvents(eventsOf(await bundledLab())), plan: source, reports: [], machines, isos: [] });
		const texts = files.flatMap(({ path, contents }) => (path.startsWith('sbom/') ? [Buffer.from(contents).toString()] : []));
		t.deepEqual(texts.map((text) => [...new Set([...text.matchAll(/(?:distro=|debian-)([a-z]+)/g)].map(([, suite]) => suite))]), expected.map((suite) => [suite]));
	});
}

test('a statement on a run', async (t) => {
	const state = foldEvents(eventsOf(await bundledLab()));
	const digest = { sha256: '0'.repeat(64) };
	const statement = statementOn(state, [{ name: 'build-plan.json', digest }], [{ name: 'result.json', digest }]);
	matchesGolden(t, 'evidence/golden/test-result.intoto.json', `${JSON.stringify(statement, undefined, '\t')}\n`);
});

test('a run in which a script went on behind a failure is WARNED', async (t) => {
	const events = eventsOf(await bundledLab()).map((event): RunEvent =>
		event.type === 'script-finished' ? { ...event, trace: { shell: 'bash', steps: [{ command: 'false', depth: 0, status: 1, fate: 'swallowed' }] } } : event,
	);
	t.is(testResultOf(foldEvents(events)), 'WARNED');
	t.is(testResultOf(foldEvents(events.slice(0, -1))), 'FAILED');
});

test('what nobody judged is warned of, and neither passed nor failed', async (t) => {
	const events = eventsOf(await bundledLab()).map((event): RunEvent =>
		event.type === 'run-started'
			? { ...event, tests: event.tests.map((one, index) => (index === 0 ? { ...one, assertions: one.assertions.map((assertion) => ({ ...assertion, notJudged: 'no such thing here' })) } : one)) }
			: event,
	).filter((event) => event.type !== 'assertion-finished' || event.test !== 'Stack ports listen');
	const state = foldEvents(events);
	t.is(testResultOf(state), 'WARNED');
	const { warnedTests, passedTests, failedTests } = statementOn(state, [], []).predicate;
	t.is(warnedTests.filter((name) => name.startsWith('test Stack ports listen/')).length, 6);
	t.deepEqual([...passedTests, ...failedTests].filter((name) => name.includes('Stack ports listen')), []);
});

const refuses = test.macro({
	async exec(t, change: (events: RunEvent[]) => RunEvent[], reason: RegExp | undefined) {
		const reasons = runRefusals(foldEvents(change(eventsOf(await bundledLab()))));
		if (reason === undefined) t.deepEqual(reasons, []);
		else t.true(reasons.some((one) => reason.test(one)), reasons.join('\n'));
	},
	title: (title = '') => `evidence: ${title}`,
});

test('a passed, cold and whole run', refuses, (events) => events, undefined);
test('not one that ended early', refuses, (events) => events.slice(0, -1), /ends before the run did/);
test('not one of a restored machine', refuses, (events) => events.map((event) => (event.type === 'origin' && event.node === 'redis' ? { ...event, origin: { from: 'checkpoint', kind: 'started', savedAt: 1 } } : event)), /not cold: redis came from a checkpoint/);
test('not one in which a script did not run', refuses, (events) => events.filter((event) => event.type !== 'script-finished' || event.node !== 'redis'), /1 of its startup scripts did not run/);
test('not one without assertions', refuses, (events) => events.flatMap((event): RunEvent[] => (event.type === 'run-started' ? [{ ...event, tests: [] }] : event.type === 'assertion-finished' ? [] : [event])), /no assertion/);
test('not one of an older version', refuses, (events) => events.map((event) => (event.type === 'run-started' ? { ...event, planPath: '' } : event)), /older version/);
