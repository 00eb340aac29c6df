/** DSSE envelopes (github.com/secure-systems-lab/dsse), signed with the SSH key of a person. */
import { isText } from '../base/untrusted.js';
import { readPublicKey, type SigningKey } from '../ssh/signing.js';

/** Of an in-toto statement in JSON. */
export const payloadType = 'application/vnd.in-toto+json';

export interface Envelope {
	readonly payloadType: string;
	/** Base64. */
	readonly payload: string;
	readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

/** What is signed: the pre-authentication encoding of the protocol, version 1. */
export function preAuthenticationEncoding(type: string, payload: Uint8Array): Buffer {
	const header = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `;
	return Buffer.concat([Buffer.from(header), payload]);
}

/** The envelope of a payload, in JSON that ends in a newline. */
export function signEnvelope(payload: Uint8Array, key: SigningKey): string {
	const envelope: Envelope = {
		payloadType,
		payload: Buffer.from(payload).toString('base64'),
		signatures: [{ keyid: key.fingerprint, sig: key.sign(preAuthenticationEncoding(payloadType, payload)).toString('base64') }],
	};
	return envelopeJson(envelope);
}

const envelopeJson = (envelope: Envelope): string => `${JSON.stringify(envelope, undefined, '\t')}\n`;

/** The envelope of a text in the one spelling that this tool writes, or what is wrong with it. */
export function parseEnvelope(text: string): Envelope | string {
	try {
		const { payloadType: type, payload, signatures } = JSON.parse(text) as Partial<Envelope>;
		if (type !== payloadType || !isText(payload) || !Array.isArray(signatures) || signatures.length === 0) return 'it is no envelope of an in-toto statement';
		if (!signatures.every(({ keyid, sig }) => isText(keyid) && isText(sig))) return 'a signature of it is none';
		const read = { payloadType: type, payload, signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig })) };
		const isOwnSpelling = [payload, ...read.signatures.map(({ sig }) => sig)].every((base64) => Buffer.from(base64, 'base64').toString('base64') === base64);
		return isOwnSpelling && envelopeJson(read) === text ? read : 'it is spelled otherwise than it was written';
	} catch {
		return 'it is not JSON';
	}
}

/** Whether one of the keys, in the form of authorized_keys, has signed an envelope, and which. */
export function signedBy({ payloadType: type, payload, signatures }: Envelope, publicKeys: readonly string[]): string | undefined {
	const data = preAuthenticationEncoding(type, Buffer.from(payload, 'base64'));
	return publicKeys.find((line) => {
		const key = readPublicKey(line);
		return key !== undefined && signatures.some(({ keyid, sig }) => keyid === key.fingerprint && key.verify(data, Buffer.from(sig, 'base64')));
	});
}
