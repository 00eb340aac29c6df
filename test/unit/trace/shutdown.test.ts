import test from 'ava';
import type { TraceStep } from '../../../src/lab/trace.js';
import { shutdownInText, shutdownInTrace } from '../../../src/trace/shutdown.js';

const step = (line: number, command: string, more: Partial<TraceStep> = {}): TraceStep => ({ line, command, depth: 0, ...more });
const traced = test.macro((t, steps: TraceStep[], expected: object | undefined) => t.deepEqual(shutdownInTrace({ shell: 'bash', steps }), expected));

test('the command that asked for it, and not what ran when it came', traced, [step(3, 'reboot', { status: 0 }), step(4, 'sleep 60')], { line: 3, command: 'reboot' });
test('one that still ran', traced, [step(2, 'true', { status: 0 }), step(3, 'systemctl poweroff')], { line: 3, command: 'systemctl poweroff' });
test('one that failed has asked for nothing', traced, [step(3, 'reboot', { status: 1 }), step(4, 'sleep 60')], undefined);
test('the last of several', traced, [step(3, 'shutdown -r +5', { status: 0 }), step(9, 'reboot', { status: 0 })], { line: 9, command: 'reboot' });
test('in a sourced file: its line there, and that of the call', traced, [step(5, '. /opt/lib.sh', { status: 0 }), step(6, 'finish', {}), step(2, 'reboot', { source: '/opt/lib.sh', depth: 1, status: 0 })], {
	line: 6,
	command: 'reboot',
	source: { file: '/opt/lib.sh', line: 2 },
});
test('none', traced, [step(1, 'echo reboot', { status: 0 })], undefined);

const written = test.macro((t, text: string, expected: object | undefined) => t.deepEqual(shutdownInText(text), expected));
test('the only one of a script', written, '#!/bin/bash\nset -e\nsync\nreboot -f\n', { line: 4, command: 'reboot -f' });
test('of two nobody knows which', written, 'if a; then\n\treboot\nfi\npoweroff\n', undefined);
test('in a here-document it is a text', written, 'cat >/x <<END\nreboot\nEND\n', undefined);
test('another language', written, '#!/usr/bin/python3\nimport os\nos.system("reboot")\n', undefined);
