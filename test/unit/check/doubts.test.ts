/** A program that no package brings is an error only where it is certain that the script does not do without it. */
import test from 'ava';
import { checkText, withScripts } from './helpers.js';

const severities = (text: string): string[] =>
	checkText(text)
		.filter(({ rule }) => rule === 'command-undeclared')
		.map(({ severity }) => severity);

const isError = test.macro<[script: string, packages?: readonly string[]]>({
	title: (title = 'an error', script: string) => `${title}: ${JSON.stringify(script)}`,
	exec: (t, script: string, packages: readonly string[] = []) => t.deepEqual(severities(withScripts([script], packages)), ['error']),
});

const isNoError = test.macro<[script: string, packages?: readonly string[]]>({
	title: (title = 'no error', script: string) => `${title}: ${JSON.stringify(script)}`,
	exec: (t, script: string, packages: readonly string[] = []) => t.false(severities(withScripts([script], packages)).includes('error')),
});

const isWarning = test.macro<[script: string, packages?: readonly string[]]>({
	title: (title = 'a warning', script: string) => `${title}: ${JSON.stringify(script)}`,
	exec: (t, script: string, packages: readonly string[] = []) => t.deepEqual(severities(withScripts([script], packages)), ['warning']),
});

// A package of a family of which the table does not know all that they bring.
test(isWarning, 'git init /srv/x', ['python3-git']);
test(isWarning, 'nginx -t', ['python3-certbot-apache']);
test(isWarning, 'openssl rand 8', ['python3-venv']);
test(isWarning, 'unzip x', ['nginx-something']);
test(isError, 'unzip x', ['nginx-light', 'python3-yaml', 'python3.13']);

// Run in any case, and not passed over.
for (const script of [
	'jq . x',
	'set -e\njq . x\necho done',
	'cat x | jq . >y',
	'jq . x | head -1',
	'v=$(jq .a x)\necho "$v"',
	'v="a `jq .a x`"',
	'( cd /tmp; jq . x )',
	'{ jq . x; } >y',
	'bash -c "jq . x"',
	"sh <<'X'\njq . x\nX",
	'jq . x || exit 1',
	'jq . x || exit',
	'jq . x || { echo "no jq" >&2; exit 2; }',
	'die() { echo "$*" >&2; exit 1; }\njq . x || die none',
	'echo a && echo b\njq . x',
	'main() { jq . x; }\nmain "$@"',
	'step() { echo 1; }\nmain() {\n\tstep\n\tjq . x\n}\nmain',
	'if [ "$(id -u)" != 0 ]; then exit 1; fi\njq . x',
	'[ -e /etc/x ] || exit 1\njq . x',
	'usage() { exit 0; }\njq . x',
	'until jq -e .up x; do sleep 1; done',
	'while ! jq -e .up x; do sleep 1; done',
	'trap "rm -f /tmp/x" EXIT\njq . x',
	'(exit 0)\njq . x',
	'for i in 1 2; do echo $i; done\njq . x',
	'jq . x && echo yes',
	'if jq . x; then echo; fi\njq . y',
	'exec jq . x',
	'mkdir -p /usr/local/bin\nls /usr/local/bin /\njq . x',
	'cat >/opt/x.sh <<X\n#!/bin/sh\nX\n/opt/x.sh\njq . x',
	'echo apt-get install\njq . x',
	'tar -xzf /opt/x.tgz -C /srv\njq . x',
	'eval "echo a"\njq . x',
	'set +e; ls /x; set -e\njq . x',
	'(set +e; ls /x)\njq . x',
	'v=$(set +e; ls /x)\njq . x',
	'ls | { set +e; cat; }\njq . x',
]) test(isError, script);

// Not run in any case.
for (const script of [
	'if [ -d /etc/jq ]; then jq . x; fi',
	'if false; then :; elif true; then jq . x; else jq . y; fi',
	'if jq . x; then echo yes; fi',
	'if ! jq . x 2>/dev/null; then echo plain; fi',
	'case $(hostname) in db*) jq . x ;; esac',
	'while [ -e /nonexistent ]; do jq . x; done',
	'until jq . x; do n=$((n + 1)); [ $n -lt 9 ] || break; done',
	'for f in /opt/*.json; do jq . "$f"; done',
	'for ((i = 0; i < 2; i++)); do jq . x; done',
	'plain() { echo; }\nother() { jq . x; }\nplain',
	'on_error() { jq . x; }\ntrap on_error ERR',
	'exit 0\njq . x',
	'exec /bin/true\njq . x',
	'[ -e /etc/x ] || exit 0\njq . x',
	'if [ -e /etc/x ]; then echo; exit; fi\njq . x',
	'leave() { exit 0; }\n[ -e /x ] && leave\njq . x',
	'f() { [ -n "$1" ] || return 0; jq . x; }\nf',
	'while true; do sleep 1; done\njq . x',
	'[ -e x ] && jq . x',
	'[ -e x ] || jq . x',
	'jq . x || python -m json.tool x',
	'jq . x || :',
	'jq . x && echo yes || echo no',
	'! jq . x',
	'jq . x &',
	'set +e\njq . x\nexit 0',
	'jq . x\nif [ $? -ne 0 ]; then echo plain; fi',
	'echo "$(jq . x)"',
	'cat <(jq . x)',
	'trap "exit 0" EXIT\njq . x',
	'f() { jq . x; }\nif [ -e x ]; then f() { :; }; fi\nf',
]) test(isWarning, script);

// What asks for a program, or has its name for something else.
for (const script of [
	'has() { command -v "$1" >/dev/null; }\nif has jq; then jq . x; fi',
	'command_exists() { type "$@"; }\ncommand_exists jq && jq . x',
	'has() { which "$1"; }\nhas jq || exit 0\njq . x',
	'for t in jq ufw; do command -v "$t" || continue; done\njq . x',
	'dpkg -s jq && jq . x',
	'dpkg -s bind9-dnsutils && dig x',
	"dpkg-query -W -f='${Status}' jq | grep ok\njq . x",
	'shopt -s expand_aliases\nfor c in jq; do alias "$c=cat"; done\njq x',
	'shopt -s expand_aliases\nalias "jq=cat"\njq x',
	'chroot /srv/root jq . x',
	'chroot /srv/root sh -c "jq . x"',
]) test(isNoError, script);

// Where it may come from.
for (const script of [
	'PATH+=:/opt/x/bin\njq . x',
	'if [ -d /opt/x ]; then PATH=/opt/x:$PATH; fi\njq . x',
	'[ -d /opt/x ] && PATH=/opt/x:$PATH\njq . x',
	'declare -x PATH=/opt/x:$PATH\njq . x',
	'export A=1 PATH="/opt/x:$PATH"\njq . x',
	'PATH=/opt/x:$PATH jq . x',
	'env PATH=/opt/x jq . x',
	'sudo env "PATH=$PATH:/opt/x" jq . x',
	'eval "$(/opt/brew/bin/brew shellenv)"\njq . x',
	'dpkg -i /opt/jq.deb\njq . x',
	'sudo dpkg --install /opt/jq.deb\njq . x',
	'APT="apt-get -y"\n$APT install jq\njq . x',
	'gmake -C /opt/src install\njq . x',
	'cat /opt/x.sh | sh\njq . x',
	'cat /opt/x.sh | bash -s -- --yes\njq . x',
	'sh </opt/x.sh\njq . x',
	'sh /opt/x.sh\njq . x',
	'sudo bash -e /opt/x.sh\njq . x',
	'/opt/x/install.sh\njq . x',
	'./install.sh\njq . x',
	'"$DIR/install.sh"\njq . x',
	'cp /opt/jq /usr/local/bin/\njq . x',
	'cp /opt/* /usr/local/bin\njq . x',
	'ln -sf /opt/jq /usr/local/bin\njq . x',
	'install -m 755 -t /usr/local/bin /opt/jq\njq . x',
	'BIN=/usr/local/bin\ncp /opt/jq "$BIN"\njq . x',
	'tar -xzf /opt/x.tgz -C /usr/local --strip-components=1\njq . x',
	'tar -xzf /opt/x.tgz --directory=/usr/local/bin\njq . x',
	'bsdtar -xf /opt/x.zip -C /usr/local/bin\njq . x',
	'cd /usr/local/bin\ncat >jq </opt/jq\nchmod +x jq\njq . x',
]) test('from somewhere', isWarning, script);

// What is made by name, in a directory that a variable has.
test(isNoError, 'BIN=/usr/local/bin\ncat >"$BIN/jq" <<X\nX\njq . x');
test(isNoError, 'cp /opt/jq "$1/jq"\njq . x');

test('what one script brings is there for the others', (t) => {
	t.deepEqual(severities(withScripts(['apt-get install -y jq', 'jq . x'])), ['warning']);
	t.deepEqual(severities(withScripts(['sh /opt/x.sh', 'jq . x'])), ['warning']);
	t.deepEqual(severities(withScripts(['ln -s /opt/jq /usr/local/bin/jq', 'jq . x'])), []);
	t.deepEqual(severities(withScripts(['echo', 'jq . x'])), ['error']);
});

test('the error is where the program surely runs, though it is used before', (t) => {
	const finding = checkText(withScripts(['jq . x || true\njq . y'])).find(({ rule }) => rule === 'command-undeclared');
	t.regex(finding?.message ?? '', /^line 3 of the script: /);
});

const asserted = test.macro<[assertion: string, expected: readonly string[], script?: string]>({
	title: (title = 'the assertion', assertion: string) => `${title} ${assertion}`,
	exec(t, assertion: string, expected: readonly string[], script: string = 'true') {
		const text = withScripts([script]).replace('command: "uname -m", equals: x86_64', () => assertion);
		t.deepEqual(severities(text), expected as string[]);
	},
});
test(asserted, 'command: "jq --version", contains: jq', ['error']);
test(asserted, 'command: "ufw status || true", exit_code: 0', ['warning']);
test(asserted, 'command: "jq --version 2>/dev/null || echo absent", contains: absent', ['warning']);
test(asserted, 'command: "! jq --version", exit_code: 0', ['warning']);
test(asserted, 'command: "PATH=/opt/x:$PATH jq --version", exit_code: 0', ['warning']);
test(asserted, 'command: "docker ps", exit_code: 127', []);
test(asserted, 'command: "docker ps", exit_code: "127"', []);
test(asserted, 'command: "docker ps", exit_code: 1', ['error']);
test('installed by a script', asserted, 'command: "jq --version", contains: jq', ['warning'], 'apt-get install -y jq');
