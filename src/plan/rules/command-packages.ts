/**
 * Which Debian package a command comes from, for commands that a base system of Trixie lacks. Commands that are not
 * in the table are those of essential packages, of images/guest.json's base, or unknown, and are not judged.
 */

/** A package, and whether another one brings the command in its place. */
interface Provider {
	/** The package to name in the fix. */
	readonly package: string;
	/** Other packages that bring the command, themselves or by what they depend on. */
	readonly others?: RegExp;
	/** Packages that bring the command, too, and more of the table that is not known of them. */
	readonly families?: RegExp;
	readonly commands: readonly string[];
}

const providers: readonly Provider[] = [
	{ package: 'curl', commands: ['curl'] },
	{ package: 'wget', commands: ['wget'] },
	{ package: 'jq', commands: ['jq'] },
	{ package: 'netcat-openbsd', others: /^(?:netcat-traditional|ncat)$/, commands: ['nc', 'netcat'] },
	{ package: 'python3', others: /^python3\.\d+$/, families: /^python3[-.]/, commands: ['python3'] },
	{ package: 'python3-pip', commands: ['pip', 'pip3'] },
	{
		package: 'postgresql-client',
		others: /^postgresql(?:-client)?(?:-\d+|-common)?$/,
		commands: [
			'psql', 'pg_dump', 'pg_restore', 'pg_isready', 'createdb', 'dropdb', 'createuser', 'dropuser', 'pg_lsclusters',
		],
	},
	{
		package: 'postgresql',
		others: /^postgresql-(?:\d+|common)$/,
		commands: ['pg_ctlcluster', 'pg_createcluster', 'pg_conftool'],
	},
	{ package: 'redis-tools', others: /^redis(?:-server)?$/, commands: ['redis-cli', 'redis-benchmark'] },
	{ package: 'redis-server', others: /^redis$/, commands: ['redis-server'] },
	{
		package: 'mariadb-client',
		others: /^(?:mariadb-server|default-mysql-(?:client|server))$/,
		commands: ['mysql', 'mariadb', 'mysqladmin', 'mariadb-admin', 'mysqldump'],
	},
	{ package: 'sqlite3', commands: ['sqlite3'] },
	{ package: 'nginx', others: /^nginx-(?:core|light|full|extras)$/, families: /^nginx-/, commands: ['nginx'] },
	{ package: 'apache2', commands: ['apache2ctl', 'a2ensite', 'a2enmod', 'a2dissite'] },
	{ package: 'haproxy', commands: ['haproxy'] },
	{ package: 'nodejs', others: /^npm$/, commands: ['node'] },
	{ package: 'npm', commands: ['npm', 'npx'] },
	{ package: 'git', commands: ['git'] },
	{
		package: 'openssh-client',
		others: /^(?:openssh-server|ssh)$/,
		commands: ['ssh', 'scp', 'sftp', 'ssh-keygen', 'ssh-keyscan'],
	},
	{ package: 'openssl', commands: ['openssl'] },
	{ package: 'ca-certificates', commands: ['update-ca-certificates'] },
	{ package: 'rsync', commands: ['rsync'] },
	{ package: 'socat', commands: ['socat'] },
	{ package: 'iputils-ping', others: /^inetutils-ping$/, commands: ['ping'] },
	{ package: 'bind9-dnsutils', others: /^dnsutils$/, commands: ['dig', 'nslookup', 'nsupdate'] },
	{ package: 'bind9-host', others: /^(?:bind9-dnsutils|dnsutils)$/, commands: ['host'] },
	{ package: 'net-tools', commands: ['ifconfig', 'netstat', 'route', 'arp'] },
	{ package: 'traceroute', commands: ['traceroute'] },
	{ package: 'tcpdump', commands: ['tcpdump'] },
	{ package: 'nmap', commands: ['nmap'] },
	{ package: 'nftables', commands: ['nft'] },
	{ package: 'iptables', commands: ['iptables', 'ip6tables', 'iptables-save', 'iptables-restore'] },
	{ package: 'ufw', commands: ['ufw'] },
	{ package: 'docker.io', others: /^(?:docker-ce|podman-docker)$/, commands: ['docker'] },
	{ package: 'podman', commands: ['podman'] },
	{ package: 'unzip', commands: ['unzip'] },
	{ package: 'zip', commands: ['zip'] },
	{ package: 'xz-utils', commands: ['xz', 'unxz', 'xzcat'] },
	{ package: 'bzip2', commands: ['bzip2', 'bunzip2'] },
	{ package: 'file', commands: ['file'] },
	{ package: 'bc', commands: ['bc'] },
	{ package: 'cron', commands: ['crontab'] },
	{ package: 'gettext-base', commands: ['envsubst'] },
	{ package: 'gnupg', others: /^gpg$/, commands: ['gpg'] },
	{ package: 'lsof', commands: ['lsof'] },
	{ package: 'psmisc', commands: ['killall', 'pstree', 'fuser'] },
	{ package: 'make', others: /^build-essential$/, commands: ['make'] },
	{ package: 'gcc', others: /^(?:build-essential|g\+\+)$/, commands: ['gcc', 'cc'] },
	{ package: 'ffmpeg', commands: ['ffmpeg', 'ffprobe'] },
	{ package: 'acl', commands: ['setfacl', 'getfacl'] },
	// These are in every image of a rehearsal, for the sake of cloud-init alone.
	{ package: 'locales', others: /^locales-all$/, commands: ['locale-gen', 'update-locale', 'validlocale'] },
	{ package: 'lsb-release', commands: ['lsb_release'] },
	{ package: 'fdisk', commands: ['fdisk', 'sfdisk', 'cfdisk'] },
	{ package: 'gdisk', commands: ['gdisk', 'sgdisk', 'cgdisk'] },
	{ package: 'eject', commands: ['eject'] },
	{ package: 'dhcpcd-base', others: /^dhcpcd5?$/, families: /^dhcpcd/, commands: ['dhcpcd'] },
	{ package: 'cloud-init', commands: ['cloud-init', 'cloud-id'] },
];

const ofEveryImage = new Set(['locales', 'lsb-release', 'fdisk', 'gdisk', 'eject', 'dhcpcd-base', 'cloud-init']);

/** Whether every image of a rehearsal has the package, for the sake of cloud-init. OpenFactory's may have it, too. */
export const isOfEveryImage = (name: string): boolean => ofEveryImage.has(name);

/**
 * The package of each Python module that cloud-init brings into every image of a rehearsal: a script that imports it passes
 * here, and fails where the recipe does not bring it.
 */
const modulePackages: Readonly<Record<string, string>> = {
	attr: 'python3-attr',
	bcrypt: 'python3-bcrypt',
	certifi: 'python3-certifi',
	chardet: 'python3-chardet',
	configobj: 'python3-configobj',
	cryptography: 'python3-cryptography',
	idna: 'python3-idna',
	jinja2: 'python3-jinja2',
	jsonpatch: 'python3-jsonpatch',
	jsonschema: 'python3-jsonschema',
	jwt: 'python3-jwt',
	markupsafe: 'python3-markupsafe',
	oauthlib: 'python3-oauthlib',
	requests: 'python3-requests',
	urllib3: 'python3-urllib3',
	yaml: 'python3-yaml',
};

/** Packages of this table that bring others of it by what they depend on. */
const moduleDependencies: Readonly<Record<string, readonly string[]>> = {
	'python3-requests': ['python3-certifi', 'python3-chardet', 'python3-idna', 'python3-urllib3'],
	'python3-jinja2': ['python3-markupsafe'],
	'python3-jsonschema': ['python3-attr'],
	'python3-oauthlib': ['python3-cryptography', 'python3-jwt'],
};

/** The package that a recipe must declare for a module of Python and does not; undefined for modules that are not known. */
export function undeclaredModule(module: string, declared: ReadonlySet<string>): string | undefined {
	const owner = Object.hasOwn(modulePackages, module) ? modulePackages[module] : undefined;
	if (owner === undefined || declared.has(owner)) return undefined;
	return [...declared].some((name) => moduleDependencies[name]?.includes(owner)) ? undefined : owner;
}

/** Packages of features that bring no program of the table but their own. */
const plainPackages = new Set(['openssh-server', 'apparmor', 'libpam-pwquality', 'prometheus-node-exporter', 'docker-cli', ...Object.values(modulePackages)]);

/**
 * What packages of the table bring of it by what they depend on, in bookworm or in trixie, themselves or over others: what
 * neither brings is missing in every rehearsal. Those of `others` above are not repeated.
 */
const dependencies: readonly (readonly [packages: RegExp, brings: readonly string[]])[] = [
	[/^ca-certificates$/, ['openssl']],
	[/^postgresql(?:-\d+|-common)?$/, ['openssl', 'locales']],
	[/^(?:mariadb-server|default-mysql-server)$/, ['lsof', 'psmisc', 'rsync', 'socat']],
	[/^ufw$/, ['iptables', 'python3', 'nftables']],
	[/^(?:docker\.io|docker-ce)$/, ['iptables', 'nftables']],
	[/^podman(?:-docker)?$/, ['podman', 'iptables', 'nftables', 'gnupg']],
	[/^build-essential$/, ['bzip2', 'xz-utils']],
	[/^npm$/, ['python3', 'ca-certificates', 'openssl']],
	[/^python3-pip$/, ['ca-certificates', 'openssl']],
	[/^(?:python3-certifi|python3-requests)$/, ['ca-certificates', 'openssl']],
	[/^cloud-init$/, ['locales', 'lsb-release', 'fdisk', 'gdisk', 'eject', 'python3', 'ca-certificates', 'openssl']],
];

/** Whether every image of a rehearsal has the package because cloud-init depends on it, whatever a recipe takes away. */
export const isKeptByCloudInit = (name: string): boolean =>
	ofEveryImage.has(name) ||
	Object.values(modulePackages).includes(name) ||
	dependencies.some(([packages, brings]) => packages.test('cloud-init') && brings.includes(name));

/** Whether the table has the programs of a package and of what it depends on. */
export const isKnownPackage = (name: string): boolean =>
	plainPackages.has(name) ||
	dependencies.some(([packages]) => packages.test(name)) ||
	providers.some((provider) => provider.package === name || provider.others?.test(name) === true);

const providerOf = new Map(providers.flatMap((provider) => provider.commands.map((command) => [command, provider])));

/** The package that a recipe must declare for `command` and does not; undefined when all is well. */
export function undeclaredPackage(command: string, declared: ReadonlySet<string>): string | undefined {
	const provider = providerOf.get(command);
	if (!provider || declared.has(provider.package)) return undefined;
	const isBrought = [...declared].some(
		(name) => provider.others?.test(name) === true || provider.families?.test(name) === true || dependencies.some(([packages, brings]) => brings.includes(provider.package) && packages.test(name)),
	);
	return isBrought ? undefined : provider.package;
}
