/**
 * The lab that `rehearse init` writes: a web server and its client, small, and complete enough to be changed into
 * something else. Pure: files as texts.
 */
import { collidesWithUplink, parseCidr } from '../lab/addressing.js';
import { publishedSchema } from './json-schema.js';
import { toLabel } from './keys.js';
import { isDnsLabel } from './rules/names.js';
import { valueOfYaml } from './yaml-text.js';

/** What a person may choose of it. */
export interface StarterChoices {
	/** Name of the lab, a DNS label. */
	readonly name: string;
	/** Names of the two nodes, DNS labels: that which serves a page, and that which reads it. */
	readonly server: string;
	readonly client: string;
	/** The lab network, a /24 such as `10.80.0.0/24`. */
	readonly subnet: string;
	readonly base: (typeof starterBases)[number];
	readonly format: 'yaml' | 'json';
	/** The password of the user `ops`, in letters and digits. */
	readonly password: string;
}

/** The base images that can be chosen. */
export const starterBases = ['debian-trixie', 'debian-bookworm'] as const;

/** A file of the lab, by its path in the lab's directory. */
export interface StarterFile {
	readonly path: string;
	readonly text: string;
	/** What it is, in a few words. */
	readonly what: string;
	readonly isExecutable: boolean;
}

/** The file with the JSON Schema, beside the plan: an editor needs no network and no installation to find it. */
const schemaFile = 'plan.schema.json';

/** What is wrong with one choice, as a sentence without a subject; undefined where it is good. */
export const starterProblem = {
	name: (name: string): string | undefined => labelProblem(name),
	node: (name: string, others: readonly string[] = []): string | undefined => {
		if (name === 'localhost') return 'localhost is the name of every node for itself';
		if (others.includes(name)) return `both nodes are called ${name}`;
		return labelProblem(name);
	},
	subnet: (subnet: string): string | undefined => {
		const cidr = parseCidr(subnet);
		if (!cidr || !/^(?:\d+\.){3}0\/24$/.test(subnet)) return 'expected an IPv4 network of 256 addresses, such as 10.80.0.0/24';
		if (!isPrivate(subnet)) return 'expected a private network: 10.x.y.0/24, 172.16.y.0/24 to 172.31.y.0/24, or 192.168.y.0/24';
		return collidesWithUplink(subnet) ? '10.0.2.0/24 is the network that the machines have their default route in' : undefined;
	},
};

const labelProblem = (name: string): string | undefined =>
	isDnsLabel(name) ? undefined : 'expected a DNS label: letters a to z, digits and inner hyphens, 63 at most';

/** RFC 1918. */
const isPrivate = (subnet: string): boolean => /^(?:10\.|172\.(?:1[6-9]|2\d|3[01])\.|192\.168\.)/.test(subnet);

/** A name for a lab from that of its directory; `lab` where none can be made of it. */
export const labNameFrom = (directory: string): string => toLabel(directory) || 'lab';

/** All files of the lab. The choices must be good (`starterProblem`). */
export function starterFiles(choices: StarterChoices): readonly StarterFile[] {
	const { server, client, format } = choices;
	const network = choices.subnet.replace(/0\/24$/, '');
	const addresses = { server: `${network}10`, client: `${network}20` };
	const yaml = planText(choices, addresses);
	const plan = { what: 'the plan: nodes, connections, and what must hold', isExecutable: false };
	return [
		format === 'yaml'
			? { path: 'plan.yaml', text: `# yaml-language-server: $schema=${schemaFile}\n${yaml}`, ...plan }
			: { path: 'plan.json', text: json({ $schema: `./${schemaFile}`, ...(valueOfYaml(yaml) as object) }), ...plan },
		{ path: schemaFile, text: json(publishedSchema()), what: 'its JSON Schema, by which an editor completes and checks it', isExecutable: false },
		{ path: `startup/${server}.sh`, text: serverScript(choices, addresses), what: `what ${server} does when it starts`, isExecutable: true },
		{ path: `startup/${client}.sh`, text: clientScript(choices, addresses), what: `what ${client} does when it starts`, isExecutable: true },
	];
}

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

interface Addresses {
	readonly server: string;
	readonly client: string;
}

/** A text, or a name that YAML might take for something else, such as `no`, `1e3` or `0x10`. */
const scalar = (text: string): string => (/^[a-z](?:[a-z-]*[a-z])?$/.test(text) && !/^(?:y|n|yes|no|on|off|true|false|null)$/.test(text) ? text : JSON.stringify(text));

function planText({ name, server, client, subnet, base, password }: StarterChoices, addresses: Addresses): string {
	const node = (nodeName: string, address: string, x: number) => `  - name: ${scalar(nodeName)}
    role: app
    x: ${x}
    y: 0
    memory: 768 MB
    disk: 6 GB
    alias: ${address}/24            # the startup script adds it
    recipe:
      base_image: ${base}
      architecture: x86_64
      features: [headless, ssh]
      packages: [openssh-server, python3, curl, jq, iproute2, netcat-openbsd, ca-certificates]
      network: { dhcp: true, dns: [1.1.1.1] }
      security: { ssh: true, firewall: false }
      users: [{ username: ops, password: ${scalar(password)}, groups: [sudo], shell: /bin/bash }]
      os:
        startup_scripts:
          - { name: ${scalar(nodeName)}, script_file: ${JSON.stringify(`startup/${nodeName}.sh`)}, after: network-online.target }
`;
	return `# \`rehearse check\` reads this plan, \`rehearse run\` rehearses it, \`rehearse help plan\` explains every key.
name: ${scalar(name)}
description: A web server, and a client that reads its page.
network: { subnet: ${subnet} }
nodes:
${node(server, addresses.server, 0)}${node(client, addresses.client, 200)}connections:
  - { from: ${scalar(client)}, to: ${scalar(server)}, port: 8080, intent: reading the page }
scenarios:
  - name: validation
    type: group
    custom_tests:
      - name: The page is served
        assertions:
          - { type: port_listening, on_vm: ${scalar(server)}, params: { port: 8080 } }
          - { type: service_enabled, on_vm: ${scalar(server)}, params: { service: page } }
      - name: The client reads it
        assertions:
          - type: http_responds
            on_vm: ${scalar(client)}
            params: { url: "http://${addresses.server}:8080/", contains: hello from ${server} }
          - type: command_output
            on_vm: ${scalar(client)}
            params: { command: "curl -fsS http://${server}:8080/", contains: hello from ${server} }
warnings:
  - whatever this lab leaves to deployment time
`;
}

/** The three commands that give a node its address in the lab, as the compact-lab prompt wants them. */
const aliasCommands = (address: string): string => `IFACE=$(ip route show default | awk '{print $5; exit}')
ip link set "$IFACE" up || true
ip addr add ${address}/24 dev "$IFACE" || true
set -euo pipefail
`;

const serverScript = ({ server }: StarterChoices, addresses: Addresses): string => `#!/bin/bash
# Startup of ${server}: its address in the lab, and a page on port 8080.
# It runs as root at the first boot, reaches nothing outside the lab, and may run again at any time.
${aliasCommands(addresses.server)}
install -d /srv/page
echo 'hello from ${server}' >/srv/page/index.html

cat >/etc/systemd/system/page.service <<'UNIT'
[Unit]
Description=The page of ${server}

[Service]
ExecStart=/usr/bin/python3 -m http.server --directory /srv/page 8080

[Install]
WantedBy=multi-user.target
UNIT
systemctl enable --now page
`;

const clientScript = ({ server, client }: StarterChoices, addresses: Addresses): string => `#!/bin/bash
# Startup of ${client}: its address in the lab, and the name by which it finds ${server}.
# It runs as root at the first boot, reaches nothing outside the lab, and may run again at any time.
${aliasCommands(addresses.client)}
grep -q ' ${server}$' /etc/hosts || echo '${addresses.server} ${server}' >>/etc/hosts
`;
