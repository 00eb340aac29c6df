/** What of an image is there only because this tool needs it. */
import test from 'ava';
import { broughtByTool, parseContents } from '../../../src/image/contents.js';
import type { GuestDefinition } from '../../../src/image/guest.js';

const guest: GuestDefinition = {
	suite: 'trixie',
	components: ['main'],
	base: ['cloud-init', 'systemd'],
	tool: ['cloud-init'],
	features: { python: ['python3'], certbot: ['certbot'] },
	absent: {},
	common: [],
};

/** A line of a package: what it needs, what it provides, and its priority. */
const line = (name: string, needs = '', provides = '', priority = 'optional'): string => ['package', name, '', priority, `, ${needs}`, provides].join('\t');

const contents = parseContents(
	[
		['package', 'bash', 'yes', 'optional', 'libc6, ', ''].join('\t'),
		line('apt', '', '', 'important'),
		line('systemd', 'libmount1 (>= 2.36)', '', 'important'),
		line('cloud-init', 'python3:any (>= 3.9), python3-requests, lsb-release, vim | emacs, netcat-openbsd | netcat'),
		line('python3', 'python3-minimal (= 3.13)'),
		line('python3-minimal'),
		line('python3-requests', 'python3:any, python3-urllib3 (<< 3)'),
		line('python3-urllib3'),
		line('lsb-release'),
		line('netcat-openbsd', '', 'netcat'),
		line('certbot', 'python3-requests'),
		line('vim'),
		line('tools', 'netcat'),
		'file\tbash\t/usr/bin/bash',
		'file\tapt\t/usr/bin/apt-get',
		'file\tpython3-minimal\t/usr/bin/python3',
		'file\tlsb-release\t/bin/lsb_release',
		'file\tnetcat-openbsd\t/bin/nc.openbsd',
		'file\tvim\t/usr/bin/vim.basic',
		'file\tpython3-requests\t/usr/lib/python3/dist-packages/requests/__init__.py',
		'file\tpython3-urllib3\t/usr/lib/python3/dist-packages/urllib3/__init__.py',
		'alternative\tnc\t/bin/nc.openbsd',
		'alternative\teditor\t/usr/bin/vim.basic',
		'alternative\tnowhere\t/usr/bin/gone',
	].join('\n'),
);

const brings = test.macro({
	title: (title) => title ?? '',
	exec(t, recipe: { features?: string[]; packages?: string[]; withoutPackages?: string[] }, programs: string[], modules: string[]) {
		const { features = [], packages = [], ...rest } = recipe;
		const brought = broughtByTool(contents, { features, packages, ...rest }, guest);
		t.deepEqual([...brought.programs.keys()].sort(), programs);
		t.deepEqual([...brought.modules.keys()].sort(), modules);
	},
});
test('all that cloud-init needs, and nothing of what every system has', brings, {}, ['editor', 'lsb_release', 'nc', 'nc.openbsd', 'python3', 'vim.basic'], ['requests', 'urllib3']);
test("what a feature brings is the recipe's", brings, { features: ['python'], packages: ['vim'] }, ['lsb_release', 'nc', 'nc.openbsd'], ['requests', 'urllib3']);
test("what a package needs is the recipe's", brings, { features: ['certbot'], packages: ['vim'] }, ['lsb_release', 'nc', 'nc.openbsd'], []);
test('what a package needs by another name is', brings, { packages: ['tools', 'vim'] }, ['lsb_release', 'python3'], ['requests', 'urllib3']);
test('a package that the recipe takes from its feature is not', brings, { features: ['python'], withoutPackages: ['python3'], packages: ['vim'] }, ['lsb_release', 'nc', 'nc.openbsd', 'python3'], ['requests', 'urllib3']);
test('who asks for cloud-init has it', brings, { packages: ['cloud-init', 'vim'] }, [], []);

test('the package is reported', (t) => {
	t.is(broughtByTool(contents, { features: [], packages: [] }, guest).programs.get('nc'), 'netcat-openbsd');
	t.is(contents.programs.get('nowhere'), undefined);
});

test('of an image without a list nothing is reported', (t) => {
	t.is(broughtByTool(parseContents(''), { features: [], packages: [] }, guest).programs.size, 0);
});
