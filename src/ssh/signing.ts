/** Signing and verifying bytes with the SSH keys of people. */
import ssh2, { type ParsedKey } from 'ssh2';
import { usageFailure } from '../base/errors.js';
import { fingerprint } from './host-key.js';

export interface SigningKey {
	/** `SHA256:…`, as ssh-keygen -l prints it. */
	readonly fingerprint: string;
	/** As it is written in a file of public keys, without a comment. */
	readonly publicKey: string;
	sign(data: Buffer): Buffer;
}

export interface VerifyingKey {
	readonly fingerprint: string;
	verify(data: Buffer, signature: Buffer): boolean;
}

/** Of RSA there are several; the others have one. */
const hashOf = (type: string): string | undefined => (type === 'ssh-rsa' ? 'sha512' : undefined);

/**
 * A private key of a file's text.
 * @throws Failure `usage` for what is none, or cannot be used without its passphrase
 */
export function readSigningKey(text: string, file: string): SigningKey {
	const parsed = parse(text);
	if (parsed instanceof Error) {
		const isEncrypted = /encrypted|passphrase/i.test(parsed.message);
		throw usageFailure(`${file} cannot be used to sign: ${parsed.message}`, {
			hint: isEncrypted ? 'give a key without a passphrase, made for this: ssh-keygen -t ed25519 -N "" -f evidence-key' : 'give the private key of an SSH key pair',
		});
	}
	if (!parsed.isPrivateKey()) throw usageFailure(`${file} is a public key`, { hint: 'give the private one, whose name has no .pub' });
	const blob = parsed.getPublicSSH();
	return {
		fingerprint: fingerprint(blob),
		publicKey: `${parsed.type} ${blob.toString('base64')}`,
		sign(data) {
			const signature = parsed.sign(data, hashOf(parsed.type));
			if (!Buffer.isBuffer(signature)) throw usageFailure(`${file} cannot sign: ${String(signature)}`);
			return signature;
		},
	};
}

/** Reads a public key in the form of authorized_keys(5); undefined for any other text. */
export function readPublicKey(line: string): VerifyingKey | undefined {
	const parsed = parse(line);
	if (parsed instanceof Error) return undefined;
	return {
		fingerprint: fingerprint(parsed.getPublicSSH()),
		verify: (data, signature) => parsed.verify(data, signature, hashOf(parsed.type)) === true,
	};
}

function parse(text: string): ParsedKey | Error {
	try {
		const parsed: ParsedKey | Error | (ParsedKey | Error)[] = ssh2.utils.parseKey(text);
		return Array.isArray(parsed) ? (parsed[0] ?? new Error('it has no key')) : parsed;
	} catch (error) {
		return error as Error;
	}
}
