/** Labs of many small machines, for what grows with their number. Pure. */

/** Packages of the bundled lab's server, so that the small machines boot from an image that is there. */
const packages = ['openssh-server', 'python3', 'curl', 'jq', 'iproute2', 'netcat-openbsd', 'ca-certificates'];

/** A plan with `count` equal machines: little memory, nothing at startup but the alias, one assertion each. */
export function smallPlan(count: number): object {
	const nodes = Array.from({ length: count }, (_, index) => {
		const address = `10.75.0.${10 + index}`;
		const place = { x: 60 * (index % 4), y: 60 * Math.floor(index / 4) };
		return { name: `small-${index + 1}`, address, alias: `${address}/24`, ...place };
	});
	return {
		name: `small-${count}`,
		nodes: nodes.map(({ name, alias, x, y }) => ({
			name,
			role: 'app',
			x,
			y,
			memory: '256 MB',
			disk: '6 GB',
			alias,
			recipe: {
				base_image: 'debian-trixie',
				features: ['headless', 'ssh'],
				packages,
				users: [{ username: 'ops', password: 'small-ops', groups: ['sudo'] }],
				startup_scripts: [{ name, script: aliasScript(alias) }],
			},
		})),
		scenarios: [
			{
				name: `small-${count}-validation`,
				custom_tests: [
					{
						name: 'Aliases are there',
						assertions: nodes.map(({ name, address }) => ({
							type: 'command_output',
							on_vm: name,
							params: { command: 'ip -4 -brief address', contains: address },
						})),
					},
				],
			},
		],
	};
}

const aliasScript = (alias: string): string =>
	[
		`IFACE=$(ip route show default | awk '{print $5; exit}')`,
		`ip link set "$IFACE" up || true`,
		`ip addr add ${alias} dev "$IFACE" || true`,
		'',
	].join('\n');
