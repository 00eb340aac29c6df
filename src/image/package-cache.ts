/**
 * The Debian packages that builds have downloaded, so that the next image, or this one after a kill, does not fetch them
 * again. Each is called by the SHA-256 of what is in it: a build takes what its archive's index names by that, and nothing
 * else. Several builds use them at once: a package is written under another name and renamed, and each build gets copies of its own.
 */
import { createHash, randomUUID } from 'node:crypto';
import { constants, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openRegular } from '../base/files.js';

/** How a package of the cache is called. */
const packageName = /^([0-9a-f]{64})\.deb$/;

/**
 * Copies the packages of a cache, which need not exist, into a directory that is made. One whose digest is not that in
 * its name is removed.
 */
export async function takePackages(cache: string, into: string): Promise<void> {
	await mkdir(into, { recursive: true });
	for (const name of await namesIn(cache)) {
		const digest = packageName.exec(name)?.[1];
		if (digest === undefined) continue;
		const copy = path.join(into, name);
		// Gone: pruned since it was listed, and apt downloads it.
		if ((await copyRegular(path.join(cache, name), copy)) === digest) continue;
		await Promise.all([copy, path.join(cache, name)].map((file) => rm(file, { force: true })));
	}
}

/**
 * Copies the packages of a directory that a cache does not have into it. The directory may belong to somebody who is not
 * trusted: no link is followed, and only regular files are taken.
 */
export async function keepPackages(from: string, cache: string): Promise<void> {
	await mkdir(cache, { recursive: true });
	const directory = await open(from, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW).catch(() => undefined);
	if (!directory) return;
	try {
		// By its descriptor: whatever its name stands for meanwhile, it is the one that was opened.
		const gathered = `/proc/self/fd/${directory.fd}`;
		for (const name of await namesIn(gathered)) if (name.endsWith('.deb')) await keepPackage(path.join(gathered, name), cache);
	} finally {
		await directory.close();
	}
}

async function keepPackage(file: string, cache: string): Promise<void> {
	const staging = path.join(cache, `.${randomUUID()}`);
	try {
		const digest = await copyRegular(file, staging);
		if (digest !== undefined) await rename(staging, path.join(cache, `${digest}.deb`));
	} finally {
		await rm(staging, { force: true });
	}
}

/** Copies a regular file to a new one. Resolves to the SHA-256 of what was copied; to nothing for what is no regular file. */
async function copyRegular(from: string, to: string): Promise<string | undefined> {
	const source = await openRegular(from);
	if (!source) return undefined;
	const hash = createHash('sha256');
	const hashing = new Transform({
		transform(chunk: Buffer, _encoding, done) {
			hash.update(chunk);
			done(null, chunk);
		},
	});
	await pipeline(source.createReadStream(), hashing, createWriteStream(to, { flags: 'wx' }));
	return hash.digest('hex');
}

async function namesIn(directory: string): Promise<string[]> {
	try {
		return await readdir(directory);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
		throw error;
	}
}

/**
 * The shell program that puts the packages of directory $2 that an archive's index names where apt in the root directory $1
 * looks for them before it downloads. It runs as a hook of mmdebstrap before anything is installed. apt takes a file by its
 * size, so that nothing may get there but what has the digest of the index.
 */
export const handPackagesProgram = `
[ -n "$(ls "$2")" ] || exit 0
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
# Where this fails, mmdebstrap tries once more, and reports why.
apt-get update --error-on=any >/dev/null || exit 0
mkdir -p "$1/var/cache/apt/archives"
apt-cache dumpavail | awk -v RS= -F'\\n' '{
	name = version = architecture = digest = ""
	for (i = 1; i <= NF; i++) {
		if ($i ~ /^Package: /) name = substr($i, 10)
		else if ($i ~ /^Version: /) version = substr($i, 10)
		else if ($i ~ /^Architecture: /) architecture = substr($i, 15)
		else if ($i ~ /^SHA256: /) digest = substr($i, 9)
	}
	gsub(/:/, "%3a", version)
	print digest, name "_" version "_" architecture ".deb"
}' | while read -r digest name; do
	[ ! -f "$2/$digest.deb" ] || cp "$2/$digest.deb" "$1/var/cache/apt/archives/$name"
done
`;
