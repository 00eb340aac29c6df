import test from 'ava';
import { closest, formatPath, toSnakeCase } from '../../../src/plan/keys.js';

const snake = test.macro({
	exec: (t, written: string, expected: string) => t.is(toSnakeCase(written), expected),
	title: (_, written, expected) => `${written} → ${expected}`,
});
test(snake, 'baseImage', 'base_image');
test(snake, 'startupScripts', 'startup_scripts');
test(snake, 'onVm', 'on_vm');
test(snake, 'onVM', 'on_vm');
test(snake, 'expectedOutput', 'expected_output');
test(snake, 'base_image', 'base_image');
test(snake, 'x', 'x');
test(snake, 'Name', 'Name');
test(snake, '$schema', '$schema');

test('paths are written as people write them', (t) => {
	t.is(formatPath(['nodes', 1, 'recipe', 'users', 0]), 'nodes[1].recipe.users[0]');
	t.is(formatPath([]), '');
});

test('a misspelt word is told apart from another one', (t) => {
	t.is(closest('memmory', ['name', 'memory', 'disk']), 'memory');
	t.is(closest('port_listens', ['port_listening', 'vm_boots']), 'port_listening');
	t.is(closest('rnu', ['run', 'runs', 'up']), 'run');
	t.is(closest('srevices', ['services', 'features']), 'services');
	t.is(closest('colour', ['name', 'memory', 'disk']), undefined);
});
