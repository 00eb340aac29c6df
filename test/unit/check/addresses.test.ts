/** Subnets and the gateway: what `check` lets pass can be made a lab of. */
import test from 'ava';
import { readGuestDefinition } from '../../../src/image/guest.js';
import { resolveLab } from '../../../src/plan/resolve.js';
import { checkText, readText, rulesOf, sourceOf } from './helpers.js';

const guest = await readGuestDefinition();
const general = readText('good/general.yaml');
const [head = '', node = ''] = general.slice(0, general.indexOf('scenarios:')).split('nodes:\n');

/** A plan whose nodes have these aliases, each added by the node's script. */
function planOf(network: string, nodes: readonly (readonly string[])[]): string {
	const texts = nodes.map((aliases, index) =>
		node
			.replaceAll('name: web', `name: n${index}`)
			.replace('alias: 10.72.0.10/24', `alias: [${aliases.join(', ')}]`)
			.replace(/script: .*/, () => `script: ${JSON.stringify(aliases.map((alias) => `ip addr add ${alias} dev eth0`).join('\n') || 'true')}`),
	);
	return `${head}network: ${network}\nnodes:\n${texts.join('')}`;
}

const mixed = [['10.72.0.10/24'], ['10.72.0.11/24', '10.71.0.11/24'], ['10.71.0.12/24'], ['10.71.0.13/24']];

const isLab = test.macro({
	title: (title, network: string) => `${title}: ${network}`,
	exec(t, network: string, nodes: readonly (readonly string[])[], subnet: string, gateway: string) {
		const text = planOf(network, nodes);
		t.deepEqual(checkText(text), []);
		t.like(resolveLab(sourceOf(text), guest).network, { subnet, gateway });
	},
});
test('the main subnet is the one that the gateway is in', isLab, '{ gateway: 10.71.0.1 }', mixed, '10.71.0.0/24', '10.71.0.1/24');
test('be it the rarer one', isLab, '{ gateway: 10.72.0.1 }', mixed, '10.72.0.0/24', '10.72.0.1/24');
test('with prefix length too', isLab, '{ gateway: 10.71.0.1/24 }', mixed, '10.71.0.0/24', '10.71.0.1/24');
test('without a gateway it is the first', isLab, '{}', mixed, '10.72.0.0/24', '10.72.0.1/24');
test('without aliases it is the usual one', isLab, '{ gateway: 10.71.0.9 }', [[]], '10.71.0.0/24', '10.71.0.9/24');

const isRefused = test.macro({
	title: (title, network: string, nodes) => title || `refused: ${network} ${JSON.stringify(nodes)}`,
	exec(t, network: string, nodes: readonly (readonly string[])[], rule: string, message: string) {
		const findings = checkText(planOf(network, nodes)).filter(({ severity }) => severity === 'error');
		t.deepEqual(rulesOf(findings), [rule]);
		t.is(findings[0]?.message, message);
	},
});
test(isRefused, '{ gateway: 10.73.0.1 }', mixed, 'network-invalid', '10.73.0.1 is not in 10.72.0.0/24');
test(isRefused, '{ gateway: 10.99.0.1 }', [[]], 'network-invalid', '10.99.0.1 is not in 10.71.0.0/24');
test('a further subnet needs room for the bridge', isRefused, '{ gateway: 10.72.0.1 }', [
	['10.72.0.10/24', '10.73.0.1/30'],
	['10.72.0.11/24', '10.73.0.2/30'],
], 'network-invalid', '10.73.0.0/30 has no address left for the gateway');
test('two subnets overlap beside the usual one', isRefused, '{}', [
	['10.72.0.10/24', '10.73.0.10/24', '10.73.1.10/16'],
	['10.72.0.11/24', '10.73.0.11/24', '10.73.1.11/16'],
], 'alias-subnet', 'it is in 10.73.0.0/16, which overlaps 10.73.0.0/24 of other aliases');
test('the rarer of two that overlap is the odd one, be it in the other', isRefused, '{}', [
	['10.72.0.10/24', '10.73.0.10/16'],
	['10.72.0.11/24', '10.73.0.11/16'],
	['10.72.0.12/24', '10.73.1.12/24'],
], 'alias-subnet', 'it is in 10.73.1.0/24, which overlaps 10.73.0.0/16 of other aliases');
