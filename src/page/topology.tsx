/** The lab as a drawing and as tables: nodes with role, size, addresses and state; connections with ports and state. */
import { formatBytes } from '../base/format.js';
import type { Topology, TopologyNode } from '../lab/topology.js';
import { startStageOf } from '../outcome/origins.js';
import { bootEnding, nodeStatus } from '../outcome/result.js';
import type { NodeRecord, RunState } from '../outcome/state.js';
import { startStageText } from '../report/origins.js';
import { connectionStates } from './connections.js';
import { Drawing } from './drawing.js';
import { Changed, Head, nodeLabel, Section, Status, statusLabel, Wide } from './parts.js';
import { place, shownLine } from './shown.js';

/** What is drawn and listed; a lab of people’s has fewer. */
const maximumNodes = 100;
const maximumConnections = 500;

/** What is known of a lab of which an old log has only the names. */
const bareTopology = ({ nodes }: RunState): Topology => ({
	subnet: '',
	nodes: nodes.map(({ name }) => ({ name, role: '', memoryMiB: 0, diskMiB: 0, alias: '', uplinkAddress: '' })),
	connections: [],
});

const size = (mebibytes: number): string => formatBytes(mebibytes * 2 ** 20);

/** `4 GiB memory, 24 GiB disk`; nothing where it is not known. */
export const sizeText = ({ memoryMiB, diskMiB }: TopologyNode): string =>
	memoryMiB === 0 ? '' : `${size(memoryMiB)} · ${size(diskMiB)} disk`;

/** How a node came up, as text: `booted in 31.0 s`. */
function startText(state: RunState, name: string): string {
	const startStage = startStageOf(state, name);
	if (!startStage || startStage.status === 'not run') return 'not booted';
	return startStage.status === 'running' ? 'never came up' : startStageText(startStage, bootEnding(state, startStage));
}

/** Whether the declared user gets in by SSH, where that was tried. */
const Login = ({ login }: { readonly login: NodeRecord['login'] | undefined }) =>
	login ? <small>{shownLine(`SSH as ${login.username}: ${[login.status, ...(login.message === undefined ? [] : [login.message])].join(', ')}`)}</small> : null;

/** The section of the page. */
export function TopologySection({ state, changed }: { readonly state: RunState; readonly changed: ReadonlySet<string> }) {
	const whole = state.topology ?? bareTopology(state);
	if (whole.nodes.length === 0) return null;
	const topology = { ...whole, nodes: whole.nodes.slice(0, maximumNodes) };
	const connections = connectionStates(state).slice(0, maximumConnections);
	const statuses = new Map(state.nodes.map((node) => [node.name, nodeStatus(state, node)]));
	return (
		<Section id="topology" title="Topology" note={topology.subnet}>
			<div class="two">
				<Drawing topology={topology} connections={connections} statusOf={(name) => statuses.get(name)} sizeText={sizeText} />
				<div>
					<Wide label="Nodes">
						<table>
							<caption>Nodes</caption>
							<Head columns={['Node', 'State', 'Addresses', 'Machine']} />
							<tbody>
								{topology.nodes.map((node) => (
									<tr id={place.node(node.name)} data-f {...(changed.has(node.name) ? { class: 'changed' } : {})}>
										<th scope="row">
											<a class="quiet" href={`#${place.node(node.name)}`}>
												{shownLine(node.name)}
											</a>
											{changed.has(node.name) ? <Changed /> : null}
											<small>{shownLine(node.role)}</small>
										</th>
										<td>
											<Status status={statuses.get(node.name) ?? 'not run'} label={nodeLabel(statuses.get(node.name) ?? 'not run')} />
											<Login login={state.nodes.find(({ name }) => name === node.name)?.login} />
										</td>
										<td>
											{node.alias}
											<small>{node.uplinkAddress}</small>
										</td>
										<td>
											{startText(state, node.name)}
											<small>{sizeText(node)}</small>
										</td>
									</tr>
								))}
							</tbody>
						</table>
					</Wide>
					{connections.length === 0 ? null : (
						<Wide label="Connections">
							<table>
								<caption>Connections</caption>
								<Head columns={['From', 'To', 'State', 'Intent']} />
								<tbody>
									{connections.map(({ connection, status, reported, href }) => (
										<tr data-f>
											<td>{shownLine(connection.from)}</td>
											<td>
												{shownLine(connection.to)}:{connection.port}
											</td>
											<td>
												{status === undefined ? <span class="st idle">{reported}</span> : <Status status={status} label={status === 'passed' ? 'held' : statusLabel(status)} />}
												{href === undefined ? null : (
													<small>
														<a href={href}>assertion</a>
													</small>
												)}
											</td>
											<td>{shownLine(connection.intent ?? '')}</td>
										</tr>
									))}
								</tbody>
							</table>
						</Wide>
					)}
				</div>
			</div>
		</Section>
	);
}
