/** What the bundled lab leaves to deployment time, and that nothing of it is left to a rehearsal's imagination. */
import test from 'ava';
import { readGuestDefinition } from '../../../src/image/guest.js';
import { findPlan } from '../../../src/plan/find.js';
import { readPlan } from '../../../src/plan/read.js';
import { resolveLab } from '../../../src/plan/resolve.js';
import { analyseScript } from '../../../src/shell/script.js';

const lab = resolveLab(await readPlan(findPlan('immich-photo-vault')), await readGuestDefinition());

/** What the warnings have of each thing that stubs stand for in this lab: all of these words in one of them. */
const leftToDeployment: Readonly<Record<string, readonly RegExp[]>> = {
	'the real Immich server binaries': [/immich/i, /server|binar/i],
	'ML model weights': [/weights|models?\b/i, /clip/i, /face|facial/i],
	'installing pgvector': [/pgvector|\bvectors?\b/i],
	'mobile-app auth tokens': [/mobile/i, /token/i],
	'object storage': [/\bs3\b|object[- ]stor/i],
	'library import scheduling': [/import/i, /schedul/i],
	'thumbnail generation': [/thumbnail/i],
	'library backup': [/back(?:ing )?-?ups?\b/i],
	'the aliasing of the lab addresses': [/alias/i],
};
for (const [topic, mentions] of Object.entries(leftToDeployment)) {
	test(`the warnings leave to deployment time: ${topic}`, (t) => {
		t.true(lab.warnings.some((warning) => mentions.every((mention) => mention.test(warning))));
	});
}

/** What stubs stand for in this lab is neither installed nor called; scripts may write of it. */
const payloads = [/\b(?:py)?torch(?:vision|audio|run)?\b/i, /tensorflow/i, /\b(?:lib)?vips/i, /\bff(?:mpeg|probe)\b/i, /pgvector|pgvecto\b/i, /immich-app\b|@immich\//i];
test('neither recipes nor scripts bring what stubs stand for', (t) => {
	for (const { packages, startupScripts } of lab.nodes) {
		for (const payload of payloads) {
			t.false(packages.some((name) => payload.test(name)));
			for (const { text } of startupScripts) {
				const called = analyseScript(text).commands.map(({ name }) => name ?? '');
				t.false(called.some((name) => payload.test(name)), String(payload));
			}
		}
	}
});

test('nothing of it is left out, and everything is judged', (t) => {
	t.deepEqual(lab.leftOut, []);
	const assertions = lab.scenarios.flatMap(({ tests }) => tests.flatMap((one) => one.assertions));
	t.true(assertions.every(({ notJudged }) => notJudged === undefined));
});
