/** The golden files of evidence, and that those who judge them can say no. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import { agreesOnSigned, sbomErrors, statementErrors } from './formats.js';

const golden = (name: string): string => readFileSync(`test/unit/evidence/golden/${name}`, 'utf8');

test('the golden bill of materials is one of CycloneDX 1.6', async (t) => {
	const text = golden('sbom.cdx.json');
	t.is(await sbomErrors(text), '');
	t.regex(await sbomErrors(text.replace('"type": "library"', '"type": "packet"')), /components\/0\/type/);
	t.regex(await sbomErrors(text.replace('"version": 1,', '"version": 1, "more": 1,')), /additional/i);
});

test('the golden statement is one of in-toto on a test result', (t) => {
	const text = golden('test-result.intoto.json');
	t.is(statementErrors(text), '');
	t.regex(statementErrors(text.replace('"PASSED"', '"GOOD"')), /predicate\/result/);
	t.regex(statementErrors(text.replace('"subject"', '"subjects"')), /'subject'/);
	t.regex(statementErrors(text.replace('"digest"', '"hash"')), /must/);
});

test('sigstore has the same bytes signed, whatever is in them', (t) => {
	for (const payload of ['', 'hello world', 'ünï\n\0']) t.true(agreesOnSigned('application/vnd.in-toto+json', Buffer.from(payload)), payload);
});
