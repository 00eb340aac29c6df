/** What is tried in the outer machine, in order: later steps use the checkpoints of earlier ones. */
import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from 'node:assert';
import { ordinaryUser } from './base-disk.js';
import { cameFrom, places, type Bed } from './bed.js';

/** Another host, by its processor; what is added to the outer machine's `-cpu`. */
const otherHost = ',avx2=off';

export interface Step {
	readonly name: string;
	readonly what: string;
	/** The outer machine's processor, where it is not the usual one. */
	readonly cpu?: string;
	/** Resolves to what was measured on the way, in short, if anything was. */
	run(bed: Bed): Promise<string | void>;
}

const { single, pair } = places;

/** A startup script with an edit that changes nothing else of the machine. */
const edit = 's/^( +)(ip addr add 10\\.74\\.0\\.10)/\\1true an edit; \\2/';
const breakage = 's/^( +)(ip addr add 10\\.74\\.0\\.10)/\\1exit 3; \\2/';

interface Requirements {
	readonly requirements: readonly { readonly id: string; readonly status: string; readonly found: string; readonly fix?: string }[];
}

async function kvmOf(bed: Bed, user: 'root' | typeof ordinaryUser) {
	const { stdout } = await bed.tool(['doctor', '--json'], { user, accelerator: 'auto' });
	return (JSON.parse(stdout) as Requirements).requirements.find(({ id }) => id === 'kvm');
}

/** Typed into the debugger, which is stopped before the first command of the edited script. */
const debugging = ['n', 'back', 'e ip -4 addr', 'c'].map((line) => `${line}\n`).join('');

/** Every step, in the order in which they are taken. */
export const steps: readonly Step[] = [
	{
		name: 'doctor',
		what: '`doctor` proves KVM, and that a machine can be restored',
		async run(bed) {
			const kvm = await kvmOf(bed, 'root');
			strictEqual(kvm?.status, 'ok', kvm?.found);
			match(kvm.found, /proven: .*booted a kernel.*restored it/);
		},
	},
	{
		name: 'single-first',
		what: 'one node: booted, saved',
		run: async (bed) => cameFrom(await bed.rehearse([single]), 'power-on'),
	},
	{
		name: 'single-warm',
		what: 'one node: restored',
		run: async (bed) => cameFrom(await bed.rehearse([single]), 'provisioned'),
	},
	{
		name: 'single-started',
		what: 'one node: `--from started`',
		run: async (bed) => cameFrom(await bed.rehearse([single, '--from', 'started']), 'started'),
	},
	{
		name: 'single-edited',
		what: 'one node with an edited script: restored',
		run: async (bed) => cameFrom(await bed.rehearse([await bed.editLab(single, 'edited', edit)]), 'provisioned'),
	},
	{
		name: 'single-twice',
		what: 'one node: `--twice`, whose script may not run twice, which is reported',
		async run(bed) {
			const { result } = await bed.rehearse([single, '--twice'], { status: 1 });
			deepStrictEqual(result.twice?.scripts.map(({ status, exit_code: code }) => [status, code]), [['failed', 2]]);
		},
	},
	{
		name: 'single-reboot',
		what: 'one node: `--reboot`, which its alias does not survive',
		async run(bed) {
			const { result } = await bed.rehearse([single, '--reboot'], { status: 1 });
			deepStrictEqual(result.reboot?.machines.map(({ missing }) => missing.map(({ kind }) => kind)), [['address']]);
		},
	},
	{
		name: 'pair-first',
		what: 'two nodes: booted, saved',
		run: async (bed) => cameFrom(await bed.rehearse([pair]), 'power-on'),
	},
	{
		name: 'pair-warm',
		what: 'two nodes: restored',
		run: async (bed) => cameFrom(await bed.rehearse([pair]), 'provisioned'),
	},
	{
		name: 'pair-only',
		what: 'two nodes: `--only client`, the other as its scripts had left it',
		run: async (bed) => cameFrom(await bed.rehearse([pair, '--only', 'client']), { client: 'provisioned', server: 'started' }),
	},
	{
		name: 'up',
		what: '`up`, `debug` forwards and back, `reset`, `reload`, `down`',
		async run(bed) {
			// It has two commands, so that there is somewhere to step to.
			const lab = await bed.editLab(single, 'stepped', edit);
			await bed.tool(['up', lab]);
			const { stdout: status } = await bed.tool(['status', '--json']);
			const residentMiB = /"resident_?mib": *(\d+)/i.exec(status)?.[1] ?? 'unknown';
			const { stdout } = await bed.tool(['debug', 'box'], { input: debugging });
			match(stdout, /restored in /);
			match(stdout, /its startup scripts have passed/);
			const { stderr: putBack } = await bed.tool(['reset']);
			match(putBack, /box: restored/);
			doesNotMatch(putBack, /startup script/);
			match((await bed.tool(['exec', 'box', '--', 'ip', '-4', 'addr'])).stdout, /10\.74\.0\.10/);
			await bed.shell(`sed -i 's/an edit/another/' ${lab}/plan.yaml`);
			await bed.tool(['reload']);
			match((await bed.tool(['status'])).stdout, /started/);
			await bed.tool(['down']);
			return `its machine of 512 MiB had ${residentMiB} MiB of the host's memory`;
		},
	},
	{
		name: 'bundle',
		what: '`run --save-failed`, `bundle --with-checkpoints`, `open` in another cache',
		async run(bed) {
			const lab = await bed.editLab(single, 'broken', breakage);
			await bed.rehearse([lab, '--save-failed'], { status: 1 });
			await bed.shell('rm -f /bed/bundle.tar.gz');
			await bed.tool(['bundle', '--with-checkpoints', '--out', '/bed/bundle.tar.gz']);
			await bed.tool(['open', '/bed/bundle.tar.gz'], { cache: '/bed/other-cache' });
			strictEqual((await bed.tool(['exec', 'box', '--', 'hostname'])).stdout.trim(), 'box');
			await bed.tool(['down']);
		},
	},
	{
		name: 'damaged',
		what: 'a checkpoint with a zeroed stretch: booted instead, and thrown away',
		async run(bed) {
			// Of each memory file: a stretch in the midst of what the kernel uses.
			await bed.shell(`for file in ${places.checkpoints}/*/*.ram; do dd if=/dev/zero of="$file" bs=1M seek=20 count=8 conv=notrunc status=none; done`);
			const run = await bed.rehearse([single]);
			cameFrom(run, 'power-on');
			match(run.stderr, /damaged and was removed/);
			cameFrom(await bed.rehearse([single]), 'provisioned');
		},
	},
	...(['0600', '0660', '0666'] as const).map(
		(mode): Step => ({
			name: `user-${mode}`,
			what: `an ordinary user, /dev/kvm of mode ${mode}`,
			async run(bed) {
				await bed.shell(`chown root:kvm /dev/kvm && chmod ${mode} /dev/kvm`);
				await bed.shell(
					`cd ${places.ofUser} 2>/dev/null || { mkdir -p ${places.ofUser}/cache/rehearse ${places.ofUser}/state && chown -R ${ordinaryUser}: ${places.ofUser} && cp -al ${places.cache}/rehearse/images ${places.ofUser}/cache/rehearse; }`,
				);
				const kvm = await kvmOf(bed, ordinaryUser);
				if (mode === '0666') {
					strictEqual(kvm?.status, 'ok', kvm?.found);
					const { result } = await bed.rehearse([single], { user: ordinaryUser });
					strictEqual(result.verdict, 'passed');
				} else {
					strictEqual(kvm?.status, 'warning', kvm?.found);
					match(kvm.fix ?? '', mode === '0660' ? /usermod .*--groups kvm/ : /chmod|udev/);
					const { stdout } = await bed.tool(['run', single, '--json'], { user: ordinaryUser, status: 3 });
					match(stdout, /\/dev\/kvm cannot be opened \(EACCES\)/);
				}
				await bed.shell('chmod 0660 /dev/kvm');
			},
		}),
	),
	{
		name: 'other-host',
		what: 'a checkpoint of a host with other CPU flags: booted instead, and kept',
		cpu: otherHost,
		async run(bed) {
			const before = await bed.shell(`ls ${places.checkpoints} | wc -l`);
			const run = await bed.rehearse([single]);
			cameFrom(run, 'power-on');
			const [node] = run.result.nodes;
			ok(node?.origin?.from === 'power-on');
			match(node.origin.why ?? '', /host CPU flags/);
			ok(Number(await bed.shell(`ls ${places.checkpoints} | wc -l`)) > Number(before));
		},
	},
];
