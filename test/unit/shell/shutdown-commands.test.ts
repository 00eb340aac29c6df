import test from 'ava';
import { runsShutdown } from '../../../src/shell/shutdown-commands.js';

const ends = test.macro({
	title: (_title, command: string, expected: boolean) => `${command} ${expected ? 'ends' : 'does not end'} the machine`,
	exec: (t, command: string, expected: boolean) => t.is(runsShutdown(command), expected),
});

for (const command of [
	'reboot', '/sbin/reboot -f', 'sudo reboot', 'poweroff', 'halt -p', 'shutdown -r now', 'shutdown -h +1 bye', 'shutdown', 'init 6', 'telinit 0',
	'systemctl reboot', 'systemctl --no-block poweroff', 'systemctl start reboot.target', 'systemctl isolate runlevel6.target', 'systemctl kexec', 'kexec -e',
	'nohup reboot', 'setsid shutdown -h now', "bash -c 'sleep 1; reboot'", 'timeout 5 systemctl halt', 'echo b >/proc/sysrq-trigger', 'echo o > /proc/sysrq-trigger',
	'busctl call org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager Reboot b false',
]) {
	test(ends, command, true);
}

for (const command of [
	'echo reboot', 'shutdown -c', 'shutdown -k now', 'reboot --help', 'systemctl restart nginx', 'systemctl status reboot.target', 'systemctl enable reboot.target',
	'touch /run/reboot-required', 'init-db', 'init 3', 'echo s >/proc/sysrq-trigger', 'kexec -l /vmlinuz', 'grep -q shutdown /etc/hosts', 'man shutdown', 'apt-get install -y reboot-notifier',
]) {
	test(ends, command, false);
}
