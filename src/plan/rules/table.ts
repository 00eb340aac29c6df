/** Every rule of `check`, in one table, of which the ids' types are made. */

interface RuleShape {
	/** An `error` makes `check` exit 2 and stops a run; a `warning` is worth a look. */
	readonly severity: 'error' | 'warning';
	/** `compact` rules come from the compact-lab prompt and apply to plans with `profile: compact` only. */
	readonly applies: 'always' | 'compact';
	/** What must be so, in one line. */
	readonly summary: string;
}

const error = (summary: string): RuleShape => ({ severity: 'error', applies: 'always', summary });
const warning = (summary: string): RuleShape => ({ severity: 'warning', applies: 'always', summary });
const compact = (summary: string): RuleShape => ({ severity: 'error', applies: 'compact', summary });

const rules = {
	'plan-schema': error('Values have the types of the schema (`rehearse check --schema`)'),
	'missing-key': error('Keys that the schema asks for are there'),
	'unknown-key': error('There are no keys that the schema does not know'),
	'duplicate-key': error('A key appears once in an object, in one of its two spellings'),
	'size-invalid': error('`memory` and `disk` are MiB, or a size such as "4 GB"'),

	'lab-name': error('The name of the lab is a DNS label'),
	'node-name-dns': error('The name of a node is a DNS label in lower case, and not `localhost`'),
	'node-name-unique': error('No two nodes have the same name'),
	'memory-implausible': error('A node has at least 256 MiB and at most 512 GiB of RAM'),
	'disk-implausible': error('A node has a disk of at least 4 GiB and at most 16 TiB'),
	'vcpus-implausible': error('A node has a whole number of processors, 64 at most'),
	'name-is-path': error('The name of a startup script is no path'),

	'base-image': error('The base image is `debian-trixie` or `debian-bookworm`'),
	'architecture': error('The architecture is `x86_64`'),
	'package-name': error('The packages of a recipe have the form of Debian package names'),
	'package-kernel': error('The packages of a recipe bring no second kernel'),
	'service-invalid': error('Services have the names of units, and a configuration that is known for them; the SSH server has one at most'),
	'dns-invalid': error('DNS servers are IPv4 addresses'),
	'dhcp-off': error('DHCP is on: it gives the node its default route'),
	'ssh-missing': compact('Every node runs an SSH server'),
	'firewall-on': compact('The firewall is off'),
	'firewall-invalid': error('A firewall that is asked for is not switched off, and its package is not taken away'),
	'user-login': compact('Every node has a user with a password in the group sudo'),
	'user-name': error('The name of a user is one that useradd(8) takes'),
	'user-settings': error('Groups, shell, home, full name and keys of a user have the form that they need'),
	'user-password': error('A password has no control characters'),
	'user-unique': error('No two users of a node have the same name'),
	'test-config': compact('Every recipe has `test_config` with `enabled: false` and `tests: []`'),
	'recipe-tests': compact('A recipe has no tests of its own'),

	'network-invalid': error('Subnet and gateway are well-formed, the gateway in the subnet, with room for all nodes'),
	'alias-syntax': error('An alias is an IPv4 address with prefix length'),
	'alias-subnet': error('Subnets do not overlap; all aliases lie in that of the plan when it names one, and in one in a compact lab'),
	'alias-alone': warning('A node with a lab address shares its subnet with another one'),
	'alias-unique': error('No two nodes have the same alias'),
	'alias-reserved': error('An alias is no gateway, network, broadcast, loopback or multicast address'),
	'alias-uplink': error('The subnet of the aliases does not meet the uplink 10.0.2.0/24'),

	'connection-node-unknown': error('Connections join nodes of the plan'),
	'connection-self': error('A connection joins two different nodes'),
	'port-range': error('Ports are whole numbers from 1 to 65535'),
	'connection-uncovered': warning('Some assertion would notice if a declared connection were broken'),

	'script-missing-file': error('The script files that the plan names can be read'),
	'script-name': warning('The startup scripts of a node have names, each its own'),
	'after-not-string': error('`after` is one unit name as a string, not a list'),
	'after-unit': error('`after` is the name of a systemd unit; in a compact lab, `network-online.target`'),
	'script-syntax': error('Startup scripts and the commands of assertions are good shell'),
	'script-folded': warning('A script of several lines is in a literal block (`|`), not in a folded one (`>`), which joins them'),
	'locale-missing': warning('A locale that a script sets is one that the image has, or that a script makes'),
	'script-count': compact('Every node has exactly one startup script'),
	'script-not-shell': compact('Startup scripts are shell scripts'),
	'script-too-long': compact('A startup script has at most 25 lines of shell; here-documents do not count'),
	'script-alias-commands': compact("A startup script begins with the three commands that add its node's alias"),
	'script-forbidden-install': compact('Startup scripts install nothing'),
	'script-forbidden-repository': compact('Startup scripts add no package repositories'),
	'script-forbidden-download': compact('Startup scripts fetch nothing from outside the lab'),
	'alias-not-added': warning("Some startup script adds its node's alias"),
	'alias-of-another': warning("No startup script adds the alias of another node"),
	'command-undeclared': error('Programs that scripts and assertions use are in the features or packages of the recipe'),

	'module-undeclared': warning('Python modules that scripts import are in the packages of the recipe, as far as they are known'),

	'waiver-invalid': error('What waives a finding names a rule that can be waived'),
	'waiver-unused': warning('What waives a finding has one to waive'),

	'scenario-count': compact('There is exactly one scenario, of type `group`'),
	'scenario-tests-not-empty': error('`tests` of a scenario is empty; assertions are in `custom_tests`'),
	'test-name-unique': error('No two tests have the same name'),
	'test-empty': error('A test has assertions'),
	'assertion-on-vm-missing': error('An assertion names the node that it is made on'),
	'assertion-on-vm-unknown': error('The node of an assertion is in the plan'),
	'assertion-type-unknown': error("The type of an assertion is one of OpenFactory's"),
	'assertion-type-not-permitted': compact('Assertions are `port_listening`, `command_output` or `http_responds`'),
	'assertion-param-missing': error('An assertion has the parameters that its type needs'),
	'assertion-param-unknown': error('An assertion has no parameters that its type does not know'),
	'assertion-param-type': error('The parameters of an assertion have the right types; regular expressions are valid'),
	'assertion-expects-nothing': error('A `command_output` expects something'),
	'warnings-missing': compact('The warnings list what is left to deployment time'),
} as const satisfies Record<string, RuleShape>;

/** Stable, and fit for programs. */
export type RuleId = keyof typeof rules;

export interface Rule extends RuleShape {
	readonly id: RuleId;
}

/** The rule of an id. */
export const ruleOf = (id: RuleId): Rule => ({ id, ...rules[id] });

/** Errors that can be waived as warnings can: they are about a script, which runs all the same. */
const waivableErrors: readonly RuleId[] = ['command-undeclared', 'script-syntax'];

/** Whether a text is the id of a rule. */
export const isRule = (text: string): text is RuleId => Object.hasOwn(rules, text);

/** Whether a finding of the rule may be waived: a lab can be made of the plan all the same. */
export const isWaivable = (id: RuleId): boolean =>
	!id.startsWith('waiver-') && (rules[id].severity === 'warning' || rules[id].applies === 'compact' || waivableErrors.includes(id));

/** All rules, in the order of the plan's parts. */
export const ruleTable: readonly Rule[] = (Object.keys(rules) as RuleId[]).map(ruleOf);
