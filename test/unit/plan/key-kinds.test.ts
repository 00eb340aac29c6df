/** Every key of a plan is applied, left out with a reason, or only for people; a key of none of the kinds is unknown. */
import test from 'ava';
import { z } from 'zod';
import { leftOutReasons, packageOverrideSchema, testSchema } from '../../../src/plan/recipe-schema.js';
import { planSchema } from '../../../src/plan/schema.js';
import { sshConfigSchema } from '../../../src/plan/services.js';

/** What a rehearsal does with what is there. */
const applied = `
name profile network network.subnet network.gateway nodes connections scenarios warnings waive waive.rule waive.why
nodes.name nodes.memory nodes.disk nodes.vcpus nodes.alias nodes.recipe nodes.waive nodes.waive.rule nodes.waive.why
nodes.recipe.base_image nodes.recipe.architecture nodes.recipe.features nodes.recipe.packages nodes.recipe.package_overrides
nodes.recipe.package_overrides.name nodes.recipe.package_overrides.action nodes.recipe.package_overrides.replacement
nodes.recipe.services nodes.recipe.services.name nodes.recipe.services.config
nodes.recipe.network nodes.recipe.network.dhcp nodes.recipe.network.dns
nodes.recipe.security nodes.recipe.security.ssh nodes.recipe.security.firewall
nodes.recipe.users nodes.recipe.users.username nodes.recipe.users.password nodes.recipe.users.groups nodes.recipe.users.shell
nodes.recipe.users.home nodes.recipe.users.comment nodes.recipe.users.ssh_keys
nodes.recipe.startup_scripts nodes.recipe.startup_scripts.name nodes.recipe.startup_scripts.script
nodes.recipe.startup_scripts.script_file nodes.recipe.startup_scripts.after nodes.recipe.startup_scripts.timeout
nodes.recipe.tests nodes.recipe.tests.name nodes.recipe.tests.assertions
nodes.recipe.tests.assertions.type nodes.recipe.tests.assertions.on_vm nodes.recipe.tests.assertions.params
nodes.recipe.test_config nodes.recipe.test_config.enabled nodes.recipe.test_config.tests
nodes.recipe.test_config.tests.name nodes.recipe.test_config.tests.assertions
nodes.recipe.test_config.tests.assertions.type nodes.recipe.test_config.tests.assertions.on_vm nodes.recipe.test_config.tests.assertions.params
nodes.recipe.os
connections.from connections.to connections.port connections.protocol
scenarios.name scenarios.type scenarios.settle scenarios.tests scenarios.custom_tests scenarios.custom_tests.name scenarios.custom_tests.assertions
scenarios.custom_tests.assertions.type scenarios.custom_tests.assertions.on_vm scenarios.custom_tests.assertions.params
ssh.port ssh.allow_root ssh.disable_password_auth ssh.timeout ssh.client_alive_interval ssh.max_auth_tries ssh.permit_empty_passwords
`.trim().split(/\s+/);

/** What nothing in a machine depends on: it is shown, drawn, or read by editors. */
const forPeople = `
$schema description nodes.description nodes.role nodes.x nodes.y nodes.recipe.name nodes.recipe.description
nodes.recipe.startup_scripts.description nodes.recipe.tests.description nodes.recipe.test_config.tests.description
connections.intent scenarios.description scenarios.custom_tests.description
`.trim().split(/\s+/);

/** Every key below a schema, with whether it is marked as left out. */
function* keysOf(schema: z.core.$ZodType, path: string): Generator<{ readonly key: string; readonly isLeftOut: boolean }> {
	if (path !== '' && !path.endsWith('.')) yield { key: path, isLeftOut: leftOutReasons.has(schema as z.ZodType) };
	let inner: z.core.$ZodType = schema;
	for (;;) {
		if (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault || inner instanceof z.ZodNullable) inner = inner.unwrap();
		else if (inner instanceof z.ZodPipe) inner = inner.in;
		else if (inner instanceof z.ZodArray) inner = inner.element;
		// Of several forms the last has the keys.
		else if (inner instanceof z.ZodUnion && inner.options.at(-1) instanceof z.ZodObject) inner = inner.options.at(-1) as z.core.$ZodType;
		else break;
	}
	if (!(inner instanceof z.ZodObject)) return;
	for (const [key, value] of Object.entries(inner.shape as Record<string, z.core.$ZodType>)) {
		yield* keysOf(value, path === '' ? key : `${path}.${key}`);
	}
}

const keys = [...keysOf(planSchema, ''), ...[...keysOf(sshConfigSchema, '')].map(({ key, isLeftOut }) => ({ key: `ssh.${key}`, isLeftOut }))];

test('every key of the schema is of one kind', (t) => {
	for (const { key, isLeftOut } of keys) {
		const kinds = [...(isLeftOut ? ['left out'] : []), ...(applied.includes(key) ? ['applied'] : []), ...(forPeople.includes(key) ? ['for people'] : [])];
		t.is(kinds.length, 1, `${key}: ${kinds.join(', ') || 'of no kind'}`);
	}
});

test('the lists name keys of the schema only', (t) => {
	const known = new Set(keys.map(({ key }) => key));
	t.deepEqual([...applied, ...forPeople].filter((key) => !known.has(key)), []);
});

test('keys within tests and overrides are gone through too', (t) => {
	t.true([...keysOf(testSchema, '')].length > 3);
	t.true([...keysOf(packageOverrideSchema, '')].length === 3);
});
