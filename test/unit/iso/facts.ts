/** A small base layer, as customize.sh would record it. */
import type { BaseFacts } from '../../../src/iso/node-layer.js';
import type { UnitFile } from '../../../src/iso/services.js';

const units: Record<string, UnitFile> = {
	'ssh.service': {
		text: '[Unit]\nDescription=OpenBSD Secure Shell server\n\n[Service]\nExecStart=/usr/sbin/sshd -D\n\n[Install]\nWantedBy=multi-user.target\nAlias=sshd.service\n',
	},
	'sshd.service': { aliasOf: 'ssh.service' },
	'app.service': { text: '[Install]\nWantedBy=wrong.target\nWantedBy=\nWantedBy=multi-user.target other.target\nAlso=app.socket\n' },
	'app.socket': { text: '[Install]\nRequiredBy=sockets.target\n' },
	'lost.service': { text: '[Install]\nAlso=nowhere.socket\n' },
	'nftables.service': { text: '[Unit]\nDefaultDependencies=no\n\n[Install]\nWantedBy=sysinit.target\n' },
	'static.service': { text: '[Service]\nExecStart=/bin/true\n' },
	'agent@.service': { text: '[Install]\nWantedBy=multi-user.target\nAlias=agent-%i.service\n' },
};

/** Facts of a base layer with `root`, a package's user and the group `sudo`. */
export const facts: BaseFacts = {
	epoch: Date.UTC(2026, 10, 12, 9, 30, 20) / 1000,
	accounts: {
		passwd: 'root:x:0:0:root:/root:/bin/bash\nredis:x:101:103::/var/lib/redis:/usr/sbin/nologin\n',
		shadow: 'root:*:20769:0:99999:7:::\nredis:!:20769::::::\n',
		group: 'root:x:0:\nsudo:x:27:\nredis:x:103:\n',
		gshadow: 'root:*::\nsudo:*::\nredis:!::\n',
		subuid: '',
		subgid: '',
	},
	homeMode: 0o700,
	skeleton: { '.bashrc': '# a shell of its own\n' },
	units: new Map(Object.entries(units)),
};
