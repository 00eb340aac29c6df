import test from 'ava';
import { fingerprint, isEd25519Blob, keyBlob } from '../../../src/ssh/host-key.js';
import { generateHostKey } from '../../../src/ssh/login.js';

test('a key has the forms that sshd and known_hosts read', (t) => {
	const { privateKey, publicKey } = generateHostKey('redis');
	t.regex(privateKey, /^-----BEGIN OPENSSH PRIVATE KEY-----\n[\s\S]+\n-----END OPENSSH PRIVATE KEY-----\n?$/);
	t.regex(publicKey, /^ssh-ed25519 [A-Za-z0-9+/=]+ redis$/);
});

test('no key lacks its leading zeros', (t) => {
	// One in 256 has some: without care, all of a thousand being well formed has odds of one in fifty.
	for (let i = 0; i < 1000; i++) t.true(isEd25519Blob(keyBlob(generateHostKey().publicKey)));
});

test('a key that is a byte short is noticed', (t) => {
	const blob = keyBlob(generateHostKey().publicKey);
	t.true(isEd25519Blob(blob));
	t.false(isEd25519Blob(blob.subarray(0, -1)));
});

test('a fingerprint as ssh-keygen prints it', (t) => {
	// ssh-keygen -lf of this line prints the same.
	const line = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f x';
	t.is(fingerprint(keyBlob(line)), 'SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA');
});
