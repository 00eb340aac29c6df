import type { GuestDefinition } from './guest.js';
import { proxyOptions, type Mirror } from './mirror.js';

/** The options of mmdebstrap that every build has, so that a layer and what is made on it are as if made at once. */
export const commonOptions = ({ components }: Pick<GuestDefinition, 'components'>, mirror: Mirror): readonly string[] => [
	'--mode=unshare',
	'--format=tar',
	`--components=${components.join(',')}`,
	'--aptopt=Apt::Install-Recommends "false"',
	...proxyOptions(mirror),
	'--dpkgopt=path-exclude=/usr/share/man/*',
	'--dpkgopt=path-exclude=/usr/share/locale/*',
	'--dpkgopt=path-exclude=/usr/share/doc/*',
	'--dpkgopt=path-include=/usr/share/doc/*/copyright',
];
