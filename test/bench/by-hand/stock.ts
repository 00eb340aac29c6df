/** Getting ready what somebody has who has nothing of the tool: stock images, and seeds written by hand. */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Sources } from '../../../src/image/archives.js';
import { readGuestDefinition } from '../../../src/image/guest.js';
import type { LabNode } from '../../../src/lab/lab.js';
import { run } from '../../../src/process/run.js';
import { inUserNamespace, readSubordinateRanges } from '../../../src/process/user-namespace.js';
import { writeSeedDisk } from '../../../src/seed/disk.js';
import { readBundledLab, type Workshop } from '../workshop.js';
import type { ByHandRun } from './inside.js';
import { buildDeadlineMs, findStockSources, provideKept } from './kept.js';
import { stockArgv, stockPackages, stockSeed, stockWaitCommand } from './stock-lab.js';

/** Files of an image, as for the other machines by hand. */
interface StockImage {
	readonly rootFile: string;
	readonly kernelFile: string;
	readonly initrdFile: string;
}

/** Runs as mapped root, in a directory that is there: makes the files of an image of the tar archive. */
const unpackProgram = `
set -eu
archive=$1 into=$2
mkdir "$into/tree"
tar --extract --file="$archive" --directory="$into/tree" --numeric-owner --xattrs --xattrs-include='*' --exclude='./dev/*'
cp "$into"/tree/boot/vmlinuz-* "$into/vmlinuz"
cp "$into"/tree/boot/initrd.img-* "$into/initrd"
truncate --size=4G "$into/root.img"
mke2fs -q -t ext4 -d "$into/tree" "$into/root.img"
chmod 0644 "$into/root.img" "$into/vmlinuz" "$into/initrd"
rm -rf "$into/tree"
`;

/** The image of a set of packages. */
async function provideStockImage(packages: readonly string[], suite: string, components: readonly string[], findSources: () => Promise<Sources>): Promise<StockImage> {
	const directory = await provideKept([packages, suite, components, unpackProgram], async (into) => {
		const archive = path.join(into, 'root.tar');
		await run(stockArgv(suite, packages, archive, components, await findSources()), { timeoutMs: buildDeadlineMs });
		await run(inUserNamespace(await readSubordinateRanges(), ['sh', '-c', unpackProgram, 'sh', archive, into]), { timeoutMs: buildDeadlineMs });
		await rm(archive);
	});
	const [rootFile = '', kernelFile = '', initrdFile = ''] = ['root.img', 'vmlinuz', 'initrd'].map((name) => path.join(directory, name));
	return { rootFile, kernelFile, initrdFile };
}

/** Builds stock images and writes seeds for a rehearsal by hand; network and machines are those of `byHand`. */
export async function prepareStock(workshop: Workshop, byHand: ByHandRun, mirror: string | undefined): Promise<ByHandRun> {
	const guest = await readGuestDefinition();
	const { nodes } = await readBundledLab();
	const directory = await workshop.newDirectory('stock');
	await mkdir(path.join(directory, 'disks'));
	const machines = [];
	for (const machine of byHand.machines) {
		const node = nodes.find(({ name }) => name === machine.name) as LabNode;
		const image = await provideStockImage(stockPackages(node, guest), node.suite ?? guest.suite, guest.components, () => findStockSources(guest.suite, mirror));
		const seedFile = path.join(directory, `${node.name}.iso`);
		await writeSeedDisk(stockSeed(node), seedFile);
		machines.push({
			...{ ...machine, ...image, seedFile },
			overlayFile: path.join(directory, 'disks', `${node.name}.qcow2`),
			consoleFile: path.join(directory, `${node.name}.console.log`),
		});
	}
	return { ...byHand, machines, directory, waitCommand: stockWaitCommand };
}
