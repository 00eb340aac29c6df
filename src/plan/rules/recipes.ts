/** What nodes are made of: sizes, base image, features, users. */
import { formatBytes } from '../../base/format.js';
import { isAddress } from '../../lab/addressing.js';
import { minimumDiskMiB } from '../../lab/lab.js';
import { closest } from '../keys.js';
import type { NodeDocument, RecipeDocument } from '../schema.js';
import { parseSize } from '../sizes.js';
import type { PlanPath } from '../types.js';
import type { CheckContext } from './context.js';

const minimumMemoryMiB = 256;
const maximumMemoryMiB = 512 * 1024;
/** Debian Policy 5.6.7, with the architecture or release that apt lets one add. */
const packageName = /^[a-z0-9][a-z0-9+.-]+(?::[a-z0-9-]+)?$/;

/** What Debian's useradd(8) takes for a name. */
const userName = /^[^-+~:,/\s\p{Cc}][^:,/\s\p{Cc}]{0,31}$/u;

/** Each node's size, base image, packages, users and ways in. */
export function checkRecipes(context: CheckContext): void {
	context.document.nodes.forEach((node, index) => {
		const path = ['nodes', index];
		checkSizes(context, node, path);
		checkPlatform(context, node.recipe, [...path, 'recipe']);
		checkPackages(context, node.recipe, [...path, 'recipe']);
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
	}
}

const bareNumber = (size: number): string => `a bare number is MiB; write "${size} GB" if that is meant`;

const mebibytes = (count: number): string => formatBytes(count * 1024 * 1024);

function checkPlatform(context: CheckContext, recipe: RecipeDocument, path: PlanPath): void {
	if (recipe.base_image !== 'debian-trixie') {
		const found = recipe.base_image;
		const message = found === undefined ? 'no base image is named' : `"${found}" cannot be rehearsed`;
		context.report('base-image', [...path, 'base_image'], message, 'write "debian-trixie", the one base image there is');
	}
	if (recipe.architecture !== undefined && recipe.architecture !== 'x86_64') {
		const message = `"${recipe.architecture}" cannot be rehearsed`;
		context.report('architecture', [...path, 'architecture'], message, 'write "x86_64", the one architecture there is');
	}
}

function checkPackages(context: CheckContext, recipe: RecipeDocument, path: PlanPath): void {
	const known = Object.keys(context.features);
	recipe.features.forEach((feature, index) => {
		if (known.includes(feature)) return;
		const meant = closest(feature, known);
		const fix = meant ? `did you mean "${meant}"?` : `known features: ${known.join(', ')}; anything else is a package`;
		context.report('feature-unknown', [...path, 'features', index], `unknown feature "${feature}"`, fix);
	});
	recipe.packages.forEach((name, index) => {
		if (packageName.test(name)) return;
		const fix = 'name one Debian package an entry, as apt spells it';
		context.report('package-name', [...path, 'packages', index], `"${name}" cannot be a Debian package`, fix);
	});
}

function checkAccess(context: CheckContext, { name, recipe }: NodeDocument, path: PlanPath): void {
	const hasServer = recipe.features.includes('ssh') || recipe.packages.includes('openssh-server');
	if (recipe.security?.ssh === false) {
		const fix = 'set it to true: assertions run over SSH';
		context.report('ssh-missing', [...path, 'security', 'ssh'], `${name} has SSH switched off`, fix);
	} else if (!hasServer) {
		const fix = 'add the feature "ssh": assertions run over SSH';
		context.report('ssh-missing', [...path, 'features'], `${name} has no SSH server`, fix);
	}
	const firewall = [...path, 'security', 'firewall'];
	if (recipe.security?.firewall === true && context.isCompact) {
		context.report('firewall-on', firewall, `${name} has its firewall on`, 'set it to false');
	} else if (recipe.security?.firewall === true) {
		const fix = 'try ports that it must close on OpenFactory itself';
		context.report('firewall-ignored', firewall, `the firewall of ${name} is not part of the rehearsal`, fix);
	}
	if (recipe.network?.dhcp === false) {
		const fix = 'set it to true: the lab address is an alias beside the lease';
		context.report('dhcp-off', [...path, 'network', 'dhcp'], `${name} would have no default route`, fix);
	}
	recipe.network?.dns.forEach((server, index) => {
		if (isAddress(server)) return;
		const place = [...path, 'network', 'dns', index];
		context.report('dns-invalid', place, `"${server}" is no IPv4 address`, 'write one such as 1.1.1.1');
	});
}

function checkUsers(context: CheckContext, { name, recipe }: NodeDocument, path: PlanPath): void {
	const { users } = recipe;
	users.forEach((user, index) => {
		if (!userName.test(user.username)) {
			const wanted = 'write up to 32 characters without blanks, colons, commas and slashes, such as "ops"';
			context.report('user-name', [...path, index, 'username'], `useradd(8) refuses the name ${JSON.stringify(user.username)}`, wanted);
		}
		if (/\p{Cc}/u.test(user.password ?? '')) {
			const message = `nobody can type the password of ${user.username}: there is a control character in it`;
			context.report('user-password', [...path, index, 'password'], message, 'write it on one line, without tabs');
		}
		if (users.findIndex(({ username }) => username === user.username) === index) return;
		const message = `the node has another user "${user.username}"`;
		context.report('user-unique', [...path, index, 'username'], message, 'merge the two entries');
	});
	if (users.some(({ password, groups }) => password !== undefined && groups.includes('sudo'))) return;
	const message = `${name} has no user with a password in the group sudo, as whom assertions could run`;
	context.report('user-login', path, message, 'give one user a password and the group "sudo"');
}

function checkRecipeTests(context: CheckContext, recipe: RecipeDocument, path: PlanPath): void {
	const config = recipe.test_config;
	if (config?.enabled !== false || config.tests === undefined) {
		const message = config === undefined ? 'test_config is missing' : 'test_config does not switch the tests off';
		const wanted = 'write "test_config": { "enabled": false, "tests": [] }';
		context.report('test-config', [...path, 'test_config'], message, wanted);
	}
	const fix = "move them into a scenario's custom_tests";
	if (recipe.tests.length > 0) context.report('recipe-tests', [...path, 'tests'], 'tests of a recipe are not run', fix);
	if (config?.tests?.length) {
		context.report('recipe-tests', [...path, 'test_config', 'tests'], 'tests of a recipe are not run', fix);
	}
}
