import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';

const text = readFileSync(path.join(process.cwd(), 'SECURITY.md'), 'utf8');

test('whatever cannot be done by SECURITY.md has a test', (t) => {
	const claims = text.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| |'));
	t.true(claims.length > 10);
	for (const claim of claims) {
		const files = [...claim.matchAll(/`(test\/[^`]+)`/g)].map(([, file = '']) => file);
		t.true(files.length > 0, claim);
		for (const file of files) t.true(existsSync(path.join(process.cwd(), file)), file);
	}
});
