/**
 * The peer: the one machine of a small lab by debvm(1), Debian's own tool for trying something in a virtual machine, as its
 * manual has it. debvm-create makes an image with the recipe's packages and root's key; debvm-run starts it as it comes, with
 * its own network; the startup script and the assertion go over ssh. In a network of its own, so that nothing of the guest's
 * reaches the world. Emulated, as the others by hand, and as debvm-run has it where it finds no KVM.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { lastLines } from '../../../src/base/format.js';
import { mirrorArguments, type Sources } from '../../../src/image/archives.js';
import { readGuestDefinition } from '../../../src/image/guest.js';
import { proxyOptions } from '../../../src/image/mirror.js';
import { run, type Argv } from '../../../src/process/run.js';
import { smallPlan } from '../small-lab.js';
import { ProcessWatch, type Usage } from '../usage.js';
import { readLab, type Workshop } from '../workshop.js';
import { inNamespaces } from './by-hand.js';
import { buildDeadlineMs, findStockSources, provideKept } from './kept.js';
import { recipePackages } from './stock-lab.js';

/** A machine by debvm, ready to be started. */
export interface DebvmRun {
	/** A directory for what debvm prints, and for its temporary files. */
	readonly directory: string;
	readonly imageFile: string;
	readonly keyFile: string;
	readonly scriptFile: string;
	/** What the assertion expects in the output of `ip`. */
	readonly address: string;
}

/** The command that makes the image. */
export const debvmCreateArgv = (suite: string, packages: readonly string[], keyFile: string, imageFile: string, components: readonly string[], sources: Sources): Argv => [
	...(['debvm-create', '--release', suite, '--size', '6G', '--sshkey', keyFile, '--output', imageFile, '--'] as const),
	...['--mode=unshare', `--components=${components.join(',')}`, ...proxyOptions(sources), `--include=${packages.join(',')}`],
	...mirrorArguments(suite, components, sources),
];

/** Rehearses the machine: the first process of namespaces of its own, whose end is the machine's. */
const program = `
set -eu
image=$1 key=$2 script=$3 address=$4 port=8022
ip link set lo up
debvm-run --image "$image" --sshport $port -- -snapshot -machine accel=tcg -cpu qemu64 </dev/null >debvm.log 2>&1 &
debvm-waitssh --quiet --timeout 600 $port
in_machine() {
	ssh -F none -i "$key" -o BatchMode=yes -o LogLevel=ERROR -o NoHostAuthenticationForLocalhost=yes -p $port root@127.0.0.1 "$@"
}
in_machine bash -s <"$script"
in_machine ip -4 -brief address | grep -F "$address"
`;

/** Has debvm make the image, where none is kept. Rejects where debvm is not installed. */
export async function prepareDebvm(workshop: Workshop, mirror: string | undefined): Promise<DebvmRun> {
	const guest = await readGuestDefinition();
	const [node] = (await readLab(await workshop.writeLab(smallPlan(1)))).nodes;
	const [script] = node?.startupScripts ?? [];
	if (!node || !script) throw new Error('the small lab has no machine with a script');
	const packages = recipePackages(node, guest);
	const kept = await provideKept(['debvm', packages, guest.suite, guest.components], async (into) => {
		const keyFile = path.join(into, 'key');
		await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', keyFile]);
		const argv = debvmCreateArgv(guest.suite, packages, `${keyFile}.pub`, path.join(into, 'root.img'), guest.components, await findStockSources(guest.suite, mirror));
		await run(argv, { timeoutMs: buildDeadlineMs });
	});
	const directory = await workshop.newDirectory('debvm');
	const scriptFile = path.join(directory, 'script');
	await writeFile(scriptFile, script.text);
	return { directory, imageFile: path.join(kept, 'root.img'), keyFile: path.join(kept, 'key'), scriptFile, address: '10.75.0.10/24' };
}

/** Rehearses by debvm. Rejects, with the end of what it printed, unless the assertion passes. */
export async function rehearseByDebvm({ directory, imageFile, keyFile, scriptFile, address }: DebvmRun): Promise<{ readonly ms: number; readonly usage: Usage }> {
	const temporary = path.join(directory, 'tmp');
	await mkdir(temporary, { recursive: true });
	const began = performance.now();
	const child = spawn('unshare', [...inNamespaces, 'sh', '-c', program, 'sh', imageFile, keyFile, scriptFile, address], {
		cwd: directory,
		env: { ...process.env, TMPDIR: temporary },
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	const printed: string[] = [];
	for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => printed.push(text));
	const closed = once(child, 'close') as Promise<[number | null]>;
	const watch = new ProcessWatch(child.pid ?? 0);
	const [status] = await closed.finally(() => watch.stop());
	const ms = performance.now() - began;
	if (status !== 0) {
		const log = await readFile(path.join(directory, 'debvm.log'), 'utf8').catch(() => '');
		throw new Error(`by debvm: ended with ${status ?? 'a signal'}:\n${lastLines(`${log}\n${printed.join('')}`, 20)}`);
	}
	return { ms, usage: await watch.stop() };
}
