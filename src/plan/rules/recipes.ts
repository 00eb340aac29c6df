/** Rules about recipes: sizes, base image, packages, services, tests. */
import { formatBytes } from '../../base/format.js';
import { isAddress } from '../../lab/addressing.js';
import { minimumDiskMiB } from '../../lab/lab.js';
import { baseImages, meantBaseImage, whyNotBuilt } from '../base-images.js';
import { declaredPackages, hasFirewall } from '../packages.js';
import { quote } from '../problems.js';
import type { NodeDocument, RecipeDocument } from '../schema.js';
import { isFirewall, isSsh, isUnit, readSshSettings } from '../services.js';
import { parseSize } from '../sizes.js';
import type { PlanPath } from '../types.js';
import type { CheckContext } from './context.js';
import { checkUsers } from './users.js';

/** The least memory that Debian with systemd starts in. */
export const minimumMemoryMiB = 256;
/** More memory than this is taken for a typing mistake. */
export const maximumMemoryMiB = 512 * 1024;
/** The largest file system of ext4 with blocks of 4 KiB that e2fsprogs makes without further options. */
export const maximumDiskMiB = 16 * 1024 * 1024;
/** The most processors that this tool was tried with. */
export const maximumProcessors = 64;
/** Debian Policy 5.6.7, with the architecture or release that apt lets one add. */
const packageName = /^[a-z0-9][a-z0-9+.-]{1,200}(?::[a-z0-9-]{1,50})?$/;
/** What brings a kernel: an image has one, which the machine is started with. */
const kernelPackage = /^linux-image(?:-|$)/;
const ownKernel = 'linux-image-cloud-amd64';

/** Each node's size, base image, packages, services, users and ways in. */
export function checkRecipes(context: CheckContext): void {
	context.document.nodes.forEach((node, index) => {
		const path = ['nodes', index];
		checkSizes(context, node, path);
		checkPlatform(context, node.recipe, [...path, 'recipe']);
		checkPackages(context, node.recipe, [...path, 'recipe']);
		checkServices(context, node.recipe, [...path, 'recipe', 'services']);
		checkAccess(context, node, [...path, 'recipe']);
		checkUsers(context, node, [...path, 'recipe', 'users']);
		checkRecipeTests(context, node.recipe, [...path, 'recipe']);
	});
}

function checkSizes(context: CheckContext, node: NodeDocument, path: PlanPath): void {
	const memory = parseSize(node.memory) ?? 0;
	const disk = parseSize(node.disk) ?? 0;
	if (memory < minimumMemoryMiB || memory > maximumMemoryMiB) {
		const fix = memory < 64 ? bareNumber(memory) : 'give it between 256 MB and 512 GB';
		context.report('memory-implausible', [...path, 'memory'], `${mebibytes(memory)} of RAM cannot be meant`, fix);
	}
	if (disk < minimumDiskMiB) {
		const fix = disk < 256 ? bareNumber(disk) : `give it ${minimumDiskMiB / 1024} GB or more`;
		context.report('disk-implausible', [...path, 'disk'], `a system does not fit on a disk of ${mebibytes(disk)}`, fix);
	} else if (disk > maximumDiskMiB) {
		const fix = `give it ${maximumDiskMiB / 1024 / 1024} TB or less`;
		context.report('disk-implausible', [...path, 'disk'], `a disk of ${mebibytes(disk)} cannot be meant`, fix);
	}
	const { vcpus = 1 } = node;
	if (!Number.isInteger(vcpus) || vcpus < 1 || vcpus > maximumProcessors) {
		const fix = `give it between 1 and ${maximumProcessors}`;
		context.report('vcpus-implausible', [...path, 'vcpus'], `${vcpus} processors cannot be meant`, fix);
	}
}

const bareNumber = (size: number): string => `a bare number is MiB; write "${size} GB" if that is meant`;

const mebibytes = (count: number): string => formatBytes(count * 1024 * 1024);

function checkPlatform(context: CheckContext, recipe: RecipeDocument, path: PlanPath): void {
	const { base_image: baseImage, architecture } = recipe;
	if (baseImage === undefined || !baseImages.includes(baseImage)) {
		const message = baseImage === undefined ? 'no base image is named' : whyNotBuilt(baseImage.slice(0, 100));
		const meant = meantBaseImage(baseImage ?? '');
		const fix = meant === undefined ? `write ${baseImages.map((name) => `"${name}"`).join(' or ')}: a rehearsal builds no others` : `did you mean "${meant}"?`;
		context.report('base-image', [...path, 'base_image'], message, fix);
	}
	if (architecture !== undefined && architecture !== 'x86_64') {
		const fix = 'write "x86_64", the one architecture there is';
		context.report('architecture', [...path, 'architecture'], `${quote(architecture)} cannot be rehearsed`, fix);
	}
}

function checkPackages(context: CheckContext, recipe: RecipeDocument, path: PlanPath): void {
	const named = [
		...recipe.packages.map((name, index) => ({ name, place: [...path, 'packages', index], isInstalled: true })),
		...(recipe.package_overrides ?? []).flatMap(({ name, action, replacement }, index) => [
			{ name, place: [...path, 'package_overrides', index, 'name'], isInstalled: action === 'add' },
			...(replacement === undefined ? [] : [{ name: replacement, place: [...path, 'package_overrides', index, 'replacement'], isInstalled: true }]),
		]),
	];
	for (const { name, place, isInstalled } of named) {
		if (!packageName.test(name)) {
			const fix = 'name one Debian package an entry, as apt spells it';
			context.report('package-name', place, `${quote(name)} cannot be a Debian package`, fix);
		} else if (isInstalled && kernelPackage.test(name) && name !== ownKernel) {
			const fix = `leave it out: the machines of a rehearsal run the kernel of ${ownKernel}`;
			context.report('package-kernel', place, `"${name}" brings a second kernel`, fix);
		}
	}
}

function checkServices(context: CheckContext, { services }: RecipeDocument, path: PlanPath): void {
	// They are the same server, by any of its names.
	const configured = services.filter((service) => isSsh(service) && service.config !== undefined);
	services.forEach((service, index) => {
		if (configured.indexOf(service) > 0) {
			const message = `${quote(configured[0]?.name)} configures the SSH server already`;
			context.report('service-invalid', [...path, index, 'config'], message, 'merge the two entries');
		}
		if (!isUnit(service.name)) {
			const fix = 'write the name of a systemd unit, such as "nginx"';
			context.report('service-invalid', [...path, index, 'name'], `${quote(service.name)} can be no unit`, fix);
		}
		for (const problem of readSshSettings(service).problems) {
			context.report('service-invalid', [...path, index, ...problem.path], problem.message, problem.fix);
		}
	});
}

function checkAccess(context: CheckContext, { name, recipe }: NodeDocument, path: PlanPath): void {
	if (recipe.security?.ssh === false) {
		context.report('ssh-missing', [...path, 'security', 'ssh'], `${name} has SSH switched off`, 'set it to true');
	} else if (!declaredPackages(recipe, context.features).has('openssh-server')) {
		context.report('ssh-missing', [...path, 'features'], `${name} has no SSH server`, 'add the feature "ssh"');
	}
	checkFirewall(context, name, recipe, path);
	if (recipe.network?.dhcp === false) {
		const fix = 'set it to true: the lab address is an alias beside the lease';
		context.report('dhcp-off', [...path, 'network', 'dhcp'], `${name} would have no default route`, fix);
	}
	recipe.network?.dns.forEach((server, index) => {
		if (isAddress(server)) return;
		const place = [...path, 'network', 'dns', index];
		context.report('dns-invalid', place, `${quote(server)} is no IPv4 address`, 'write one such as 1.1.1.1');
	});
}

function checkFirewall(context: CheckContext, name: string, recipe: RecipeDocument, path: PlanPath): void {
	if (!hasFirewall(recipe)) return;
	const setting = [...path, 'security', 'firewall'];
	const at = recipe.features.indexOf('firewall');
	const service = recipe.services.findIndex(isFirewall);
	const message = `${name} has its firewall on`;
	if (recipe.security?.firewall === true) context.report('firewall-on', setting, message, 'set it to false');
	if (at !== -1) context.report('firewall-on', [...path, 'features', at], message, 'remove the feature "firewall"');
	if (service !== -1) context.report('firewall-on', [...path, 'services', service], message, 'remove the service "firewall"');
	if (recipe.security?.firewall === false) {
		const wanted = at === -1 ? 'service' : 'feature';
		const fix = `set it to true, or remove the ${wanted} "firewall"`;
		context.report('firewall-invalid', setting, `the ${wanted} "firewall" asks for what this switches off`, fix);
	}
	if (declaredPackages(recipe, context.features).has('nftables')) return;
	const override = recipe.package_overrides?.findIndex(({ name: taken }) => taken === 'nftables') ?? -1;
	if (override === -1) return;
	const fix = 'keep nftables, or do without the firewall';
	const missing = 'the firewall is a ruleset of nftables, which this takes away';
	context.report('firewall-invalid', [...path, 'package_overrides', override], missing, fix);
}

/** The compact-lab prompt wants tests in the scenario only. */
function checkRecipeTests(context: CheckContext, recipe: RecipeDocument, path: PlanPath): void {
	const config = recipe.test_config;
	if (config?.enabled !== false || config.tests === undefined) {
		const message = config === undefined ? 'test_config is missing' : 'test_config does not switch the tests off';
		const wanted = 'write "test_config": { "enabled": false, "tests": [] }';
		context.report('test-config', [...path, 'test_config'], message, wanted);
	}
	const fix = "move them into the scenario's custom_tests";
	const message = 'a recipe of a compact lab has no tests';
	if (recipe.tests.length > 0) context.report('recipe-tests', [...path, 'tests'], message, fix);
	if (config?.tests?.length) context.report('recipe-tests', [...path, 'test_config', 'tests'], message, fix);
}
