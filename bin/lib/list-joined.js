// list-joined.js METAFILE: writes beside esbuild's metafile LICENSES.txt, with the licence of every npm package that is joined
// into the programs, and .npmignore, with every program file that this build has not written.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const metafile = process.argv[2];
const { inputs, outputs } = JSON.parse(readFileSync(metafile, 'utf8'));
const directory = path.dirname(metafile);

const packages = new Set(Object.keys(inputs).flatMap((file) => file.match(/.*node_modules\/(?:@[^/]+\/)?[^/]+/) ?? []));
const texts = [...packages].sort().map((joined) => {
	const { name, version, license } = JSON.parse(readFileSync(path.join(joined, 'package.json'), 'utf8'));
	const files = readdirSync(joined).filter((file) => /^(?:licen[cs]e|copying|notice)/i.test(file)).sort();
	// tmp-promise names its licence and has no copy of it.
	if (files.length === 0 && !license) throw new Error(`${joined} has no licence`);
	const text = files.map((file) => readFileSync(path.join(joined, file), 'utf8').trim()).join('\n\n');
	return `${name} ${version}${license ? ` (${license})` : ''}\n\n${text || `Licence: ${license}`}\n`;
});
writeFileSync(path.join(directory, 'LICENSES.txt'), `The programs beside this file hold code of these packages.\n\n${texts.join(`\n${'-'.repeat(72)}\n\n`)}`);

const written = new Set(Object.keys(outputs).map((file) => path.basename(file)));
const stale = readdirSync(directory).filter((file) => file.endsWith('.js') && !written.has(file));
writeFileSync(path.join(directory, '.npmignore'), stale.map((file) => `/${file}\n`).join(''));
if (!existsSync(path.join(directory, 'main.js'))) throw new Error('there is no main.js');
