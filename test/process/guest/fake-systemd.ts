/** A systemd as the guest's agent meets it: D-Bus over a Unix socket, with the few methods that the agent calls. */
import { createServer, type Socket } from 'node:net';

export type Value = number | bigint | boolean | string | readonly Value[];

/** A call of a method, or a signal that is sent. */
export interface Message {
	readonly path: string;
	readonly member: string;
	readonly body: readonly Value[];
}

/** What a call is answered with: values, an error, or that the connection is ended. */
export type Answer =
	| { readonly signature: string; readonly body: readonly Value[]; readonly then?: () => void }
	| { readonly error: string }
	| 'hang up';

const alignmentOf = (kind: string): number => ('t({'.includes(kind) ? 8 : 'ygv'.includes(kind) ? 1 : 4);

/** The complete types of a signature (D-Bus Specification, "Type System"). */
export function typesIn(signature: string): string[] {
	const types: string[] = [];
	for (let at = 0; at < signature.length; ) {
		const start = at;
		while (signature[at] === 'a') at++;
		let depth = 0;
		do {
			if ('({'.includes(signature[at] ?? '')) depth++;
			if (')}'.includes(signature[at] ?? '')) depth--;
			at++;
		} while (depth > 0);
		types.push(signature.slice(start, at));
	}
	return types;
}

class Writer {
	bytes: number[] = [];

	align(to: number): void {
		while (this.bytes.length % to !== 0) this.bytes.push(0);
	}

	number(value: number | bigint, size: number): void {
		this.align(size);
		for (let byte = 0n; byte < BigInt(size); byte++) this.bytes.push(Number((BigInt(value) >> (8n * byte)) & 0xffn));
	}

	put(type: string, value: Value): void {
		const kind = type[0] ?? '';
		if (kind === 'y') this.number(Number(value), 1);
		else if (kind === 't') this.number(value as bigint, 8);
		else if ('bui'.includes(kind)) this.number(Number(value), 4);
		else if ('sog'.includes(kind)) {
			const text = Buffer.from(String(value));
			this.number(text.length, kind === 'g' ? 1 : 4);
			this.bytes.push(...text, 0);
		} else if (kind === 'v') {
			const [of, held] = value as readonly [string, Value];
			this.put('g', of);
			this.put(of, held);
		} else if (kind === 'a') {
			const length = new Writer();
			this.align(4);
			const at = this.bytes.length;
			this.number(0, 4);
			this.align(alignmentOf(type[1] ?? ''));
			const begin = this.bytes.length;
			for (const element of value as readonly Value[]) this.put(type.slice(1), element);
			length.number(this.bytes.length - begin, 4);
			this.bytes.splice(at, 4, ...length.bytes);
		} else {
			this.align(8);
			typesIn(type.slice(1, -1)).forEach((member, index) => this.put(member, (value as readonly Value[])[index] ?? 0));
		}
	}
}

class Reader {
	readonly #bytes: Buffer;
	at: number;

	constructor(bytes: Buffer, at: number) {
		this.#bytes = bytes;
		this.at = at;
	}

	#skip(length: number): number {
		const at = this.at;
		this.at += length;
		return at;
	}

	align(to: number): void {
		this.at = Math.ceil(this.at / to) * to;
	}

	get(type: string): Value {
		const kind = type[0] ?? '';
		this.align(alignmentOf(kind));
		if (kind === 'y') return this.#bytes.readUInt8(this.#skip(1));
		if (kind === 't') return this.#bytes.readBigUInt64LE(this.#skip(8));
		if (kind === 'b') return this.#bytes.readUInt32LE(this.#skip(4)) === 1;
		if ('ui'.includes(kind)) return this.#bytes.readUInt32LE(this.#skip(4));
		if ('sog'.includes(kind)) {
			const length = Number(this.get(kind === 'g' ? 'y' : 'u'));
			return this.#bytes.toString('utf8', this.at, (this.at += length + 1) - 1);
		}
		if (kind === 'v') return this.get(String(this.get('g')));
		if (kind !== 'a') return typesIn(type.slice(1, -1)).map((member) => this.get(member));
		const length = Number(this.get('u'));
		this.align(alignmentOf(type[1] ?? ''));
		const values: Value[] = [];
		for (const end = this.at + length; this.at < end; ) values.push(this.get(type.slice(1)));
		return values;
	}
}

/** The bytes of a message: `type` 2 is an answer, 3 an error, 4 a signal; the fields are those of the header. */
function encode(type: number, fields: readonly Value[], signature: string, values: readonly Value[]): Buffer {
	const body = new Writer();
	typesIn(signature).forEach((each, index) => body.put(each, values[index] ?? 0));
	const message = new Writer();
	message.bytes.push('l'.charCodeAt(0), type, 0, 1);
	message.number(body.bytes.length, 4);
	message.number(77, 4);
	message.put('a(yv)', [...fields, [8, ['g', signature]]]);
	message.align(8);
	return Buffer.from([...message.bytes, ...body.bytes]);
}

/** Listens at a path. `answer` is asked about every call; `signal` goes to everybody who is connected. */
export async function fakeSystemd(
	path: string,
	answer: (call: Message) => Answer,
): Promise<{ signal(member: string, signature: string, body: readonly Value[]): void; close(): void }> {
	const sockets = new Set<Socket>();
	const server = createServer((socket) => {
		sockets.add(socket);
		socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
		let received = Buffer.alloc(0);
		let isIn = false;
		socket.on('data', (chunk) => {
			received = Buffer.concat([received, chunk]);
			const begin = isIn ? -1 : received.indexOf('BEGIN\r\n');
			if (begin >= 0) {
				const greeting = received.toString('latin1', 0, begin);
				isIn = /^\0AUTH EXTERNAL (?:3\d)+\r\n$/.test(greeting);
				socket.write(isIn ? 'OK 0123456789abcdef\r\n' : 'REJECTED\r\n');
				received = received.subarray(begin + 7);
			}
			while (isIn && received.length >= 16) {
				const bodyAt = 16 + Math.ceil(received.readUInt32LE(12) / 8) * 8;
				const end = bodyAt + received.readUInt32LE(4);
				if (received.length < end) break;
				take(socket, received.subarray(0, end), bodyAt);
				received = received.subarray(end);
			}
		});
	});
	const take = (socket: Socket, message: Buffer, bodyAt: number) => {
		const fields = new Map(new Reader(message, 12).get('a(yv)') as unknown as [number, Value][]);
		const reader = new Reader(message, bodyAt);
		const body = typesIn(String(fields.get(8) ?? '')).map((type) => reader.get(type));
		const serial = message.readUInt32LE(8);
		const answered = answer({ path: String(fields.get(1)), member: String(fields.get(3)), body });
		if (answered === 'hang up') return void socket.end();
		const reply: Value = [5, ['u', serial]];
		if ('error' in answered) return void socket.write(encode(3, [[4, ['s', 'org.example.Error']], reply], 's', [answered.error]));
		socket.write(encode(2, [reply], answered.signature, answered.body));
		answered.then?.();
	};
	await new Promise<void>((resolve) => server.listen(path, resolve));
	return {
		signal: (member, signature, body) => {
			const fields: Value[] = [[1, ['o', '/org/freedesktop/systemd1']], [2, ['s', 'org.freedesktop.systemd1.Manager']], [3, ['s', member]]];
			for (const socket of sockets) socket.write(encode(4, fields, signature, body));
		},
		close: () => {
			for (const socket of sockets) socket.destroy();
			server.close();
		},
	};
}
