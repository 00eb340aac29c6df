import { usageFailure } from '../base/errors.js';

/**
 * The resolved lab: what the plan means once every default is filled in, every file read and every size a number.
 * Stages from here on take a `Lab` or parts of it, and never look at the plan again.
 */

export interface Lab {
	readonly name: string;
	/** Absolute path of the plan file. */
	readonly planPath: string;
	/** SHA-256 over the plan file and every script file that it names. */
	readonly planSha256: string;
	readonly network: LabNetwork;
	readonly nodes: readonly LabNode[];
	/** The names of all nodes of the plan, where the lab has only some of them. */
	readonly planNodes?: readonly string[];
	readonly connections: readonly Connection[];
	readonly scenarios: readonly Scenario[];
	/** What the plan leaves to deployment time; repeated by every report. */
	readonly warnings: readonly string[];
	/** What the plan asks for that OpenFactory does and a rehearsal does not; repeated by every report. */
	readonly leftOut: readonly LeftOut[];
	/** The findings of `check` that its author waives; repeated by every report. Absent where there are none. */
	readonly waived?: readonly Waived[];
}

/** A finding of `check` that the plan's author has waived. */
export interface Waived {
	/** The rule's id. */
	readonly rule: string;
	/** Place in the plan, in the plan's own spelling. */
	readonly path: string;
	/** Absolute path of the file that it is in, with the 1-based line, where that is known. */
	readonly file?: string;
	readonly line?: number;
	readonly message: string;
	/** Where it is waived, and why. */
	readonly why: string;
}

/** Something that a rehearsal does without. */
export interface LeftOut {
	/** Place in the plan, in the plan's own spelling. */
	readonly path: string;
	/** What is missing because of it. */
	readonly why: string;
}

/** The smallest disk that a node may have: images have file systems of this size, which are grown to the disk they are on. */
export const minimumDiskMiB = 4096;

/** How long a startup script may take where the plan has no time for it, in seconds on a host with KVM and time. */
export const defaultScriptSeconds = 60;

export interface LabNetwork {
	/** The subnet of the aliases, such as `10.71.0.0/24`. */
	readonly subnet: string;
	/** The first free host address of the subnet with its prefix length: the bridge has it. */
	readonly gateway: string;
	/** Other subnets on the same wire, where the aliases have several. */
	readonly others?: readonly Pick<LabNetwork, 'subnet' | 'gateway'>[];
}

export interface LabNode {
	readonly name: string;
	readonly role: string;
	/** SHA-256 over its recipe as the plan has it, in the JSON of RFC 8785. */
	readonly recipeSha256: string;
	/** Where the plan draws it; without influence on its machine. */
	readonly position?: { readonly x: number; readonly y: number };
	readonly memoryMiB: number;
	readonly diskMiB: number;
	/** Processors, where it is not one. */
	readonly vcpus?: number;
	/** Debian's suite, such as `bookworm`, where it is not that of the guest definition. */
	readonly suite?: string;
	/** Lab address with prefix length, such as `10.71.0.10/24`; the node's startup script adds it. Empty where it has none. */
	readonly alias: string;
	/** Its other lab addresses, where it has several. */
	readonly furtherAliases?: readonly string[];
	/** The fixed lease on the uplink, such as `10.0.2.11`. */
	readonly uplinkAddress: string;
	/** MAC address, lower case with colons. */
	readonly mac: string;
	readonly dns: readonly string[];
	readonly features: readonly string[];
	/** Packages that the recipe names; those that the features stand for are not among them. */
	readonly packages: readonly string[];
	/** Packages that the features would bring and the recipe takes away. */
	readonly withoutPackages?: readonly string[];
	/** Units that the recipe wants enabled. */
	readonly services: readonly string[];
	/** How the recipe configures the SSH server; as Debian does where it does not. */
	readonly ssh?: SshSettings;
	/** The ports that its firewall lets in; without a firewall, all are open. */
	readonly firewall?: { readonly tcp: readonly number[]; readonly udp: readonly number[] };
	readonly users: readonly User[];
	readonly startupScripts: readonly StartupScript[];
}

export interface User {
	readonly username: string;
	readonly password?: string;
	readonly groups: readonly string[];
	readonly shell: string;
	/** Home directory, where it is not the usual one. */
	readonly home?: string;
	/** The full name (GECOS). */
	readonly comment?: string;
	/** Public keys that may log in. */
	readonly sshKeys?: readonly string[];
}

/** The settings of an SSH server (sshd_config(5)). */
export interface SshSettings {
	readonly port: number;
	readonly allowRoot: boolean;
	/** Whether a password lets somebody in. */
	readonly passwords: boolean;
	readonly emptyPasswords: boolean;
	readonly loginGraceSeconds: number;
	readonly clientAliveSeconds: number;
	readonly maxAuthTries: number;
}

export interface StartupScript {
	/** Name within the node, fit for a file name and a unit name. */
	readonly name: string;
	readonly text: string;
	/** Its bytes in base64, where they are no UTF-8: it runs as it is. */
	readonly bytes?: string;
	/** Absolute path, when the script is a file beside the plan. */
	readonly file?: string;
	/** The unit that the script runs after. */
	readonly after: string;
	/** How long it may take on a host with KVM and time, in seconds, where the plan or the command line has that. */
	readonly timeoutSeconds?: number;
	/** The time is that of the command line: of one run, and of nothing that is made of the plan. */
	readonly isTimeOfRun?: true;
}

export interface Connection {
	readonly from: string;
	readonly to: string;
	readonly port: number;
	/** TCP where it is missing. */
	readonly protocol?: 'udp';
	readonly intent?: string;
}

export interface Scenario {
	readonly name: string;
	/** For how long nothing of it is held against the lab, from the scenario's beginning, in seconds on a host with KVM and time. */
	readonly settleSeconds?: number;
	readonly tests: readonly ScenarioTest[];
}

export interface ScenarioTest {
	readonly name: string;
	readonly assertions: readonly Assertion[];
}

/** How the output of a command is judged; at least one expectation is present. */
export interface CommandExpectation {
	/** A substring of stdout. */
	readonly contains?: string;
	/** The whole of stdout, trimmed. */
	readonly equals?: string;
	/** A regular expression that matches somewhere in stdout. */
	readonly matches?: string;
	readonly exitCode: number;
}

/** What every assertion has, whatever its type. */
interface AssertionFrame {
	readonly onVm: string;
	readonly notJudged?: string;
	/** How long it has to come to hold, in seconds on a host with KVM and time; of `http_responds` also how long one request has. */
	readonly timeout?: number;
}

/**
 * An assertion, its parameters typed by `type`. `onVm` is the name of a node of the lab. One that no rehearsal can judge
 * has the reason; it is not tried, and has neither passed nor failed.
 */
export type Assertion = AssertionFrame & (
	| { readonly type: 'port_listening'; readonly port: number; readonly protocol: 'tcp' | 'udp'; readonly address?: string }
	| ({ readonly type: 'command_output'; readonly command: string } & { readonly expect: CommandExpectation })
	| {
			readonly type: 'http_responds';
			readonly url: string;
			readonly status: number;
			readonly contains?: string;
			readonly method: string;
	  }
	| { readonly type: 'user_exists'; readonly username: string; readonly groups?: readonly string[]; readonly shell?: string; readonly home?: string }
	| { readonly type: 'group_exists'; readonly name: string; readonly gid?: number }
	| { readonly type: 'service_running'; readonly service: string }
	| { readonly type: 'service_enabled'; readonly service: string }
	| { readonly type: 'process_running'; readonly name: string; readonly user?: string; readonly count?: number }
	| { readonly type: 'package_installed'; readonly package: string; readonly version?: string }
	| { readonly type: 'package_not_installed'; readonly package: string }
	| {
			readonly type: 'file_exists';
			readonly path: string;
			/** Octal digits, such as `0750`. */
			readonly mode?: string;
			readonly owner?: string;
			readonly group?: string;
			readonly contains?: string;
	  }
	| { readonly type: 'network_reachable'; readonly host: string; readonly port?: number }
	| { readonly type: 'vm_boots' }
);

export type AssertionType = Assertion['type'];

/** The names of all nodes of a lab's plan. */
export const planNodesOf = ({ nodes, planNodes }: Pick<Lab, 'nodes' | 'planNodes'>): readonly string[] => planNodes ?? nodes.map(({ name }) => name);

/** Refuses names that no node has. @throws Failure `usage` that names them, and the nodes that there are */
export function requireNodes(names: readonly string[], known: readonly string[]): void {
	const unknown = names.filter((name) => !known.includes(name));
	if (unknown.length === 0) return;
	throw usageFailure(`the lab has no node ${unknown.map((name) => `'${name}'`).join(', ')}`, { hint: `its nodes are ${known.join(', ')}` });
}

/** An SSH host key that the node is given, so that the tool knows it before the first connection. */
export interface HostKey {
	/** OpenSSH PEM text. */
	readonly privateKey: string;
	/** `ssh-ed25519 AAAA… comment`. */
	readonly publicKey: string;
}
