import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { Failure } from '../base/errors.js';
import { formatMs } from '../base/format.js';
import { withEither } from '../base/waiting.js';
import { GuestConnectionError } from '../machine/connection-error.js';
import {
	expected,
	judgement,
	quoted,
	type AssertionOf,
	type Check,
	type Judgement,
	type LookContext,
} from './check.js';

/** An answer to an HTTP request; redirects are answers like any other. */
export interface HttpAnswer {
	readonly status: number;
	/** As UTF-8; what exceeds 1 MiB is left out. */
	readonly body: string;
}

type HttpResponds = AssertionOf<'http_responds'>;

/** How much of an answer is read, in bytes. */
export const maximumBody = 1024 * 1024;

/** Judges an answer by its status and, where the assertion asks for it, its body. */
export function judgeHttp({ status, contains }: HttpResponds, answer: HttpAnswer): Judgement {
	const what = `status ${status}${contains === undefined ? '' : ` and ${quoted(contains)} in the body`}`;
	const passed = answer.status === status && (contains === undefined || answer.body.includes(contains));
	return judgement(passed, what, `status ${answer.status} and body ${quoted(answer.body.trimEnd())}`);
}

/** How long one request may take: the plan's time, stretched to the guest's speed, but never beyond this look. */
export const requestTimeoutMs = (
	{ timeout = 10 }: HttpResponds,
	{ slowdown, timeoutMs }: Pick<LookContext, 'slowdown' | 'timeoutMs'>,
): number => Math.min(timeout * 1000 * slowdown, timeoutMs);

/**
 * The request is ours; only its TCP connection starts in the guest. So `localhost` is the guest, and nothing needs to be
 * installed there, for HTTPS neither.
 */
export const httpResponds: Check<HttpResponds> = {
	title: ({ method, url }) => `${method} ${url} responds`,
	look: async (assertion, context) => {
		const deadline = new AbortController();
		const timeoutMs = requestTimeoutMs(assertion, context);
		const late = new Error(`no answer within ${formatMs(timeoutMs)}`);
		const timer = setTimeout(() => deadline.abort(late), timeoutMs);
		try {
			const ask = (signal: AbortSignal) => request(assertion, { ...context, timeoutMs, signal });
			const answer = await withEither([context.signal, deadline.signal], ask);
			return { ...judgeHttp(assertion, answer), output: answer.body };
		} catch (error) {
			context.signal?.throwIfAborted();
			const cause = deadline.signal.aborted ? late : error;
			if (!isNoAnswer(cause, late)) throw cause;
			return { ...expected(`status ${assertion.status} of ${assertion.url}`, cause.message), output: '' };
		} finally {
			clearTimeout(timer);
		}
	},
};

/** The connection, the TLS handshake or the HTTP exchange failed (Node gives those a code); the control channel did not. */
const isNoAnswer = (error: unknown, late: Error): error is Error =>
	error === late ||
	error instanceof GuestConnectionError ||
	(error instanceof Error && 'code' in error && !(error instanceof Failure));

type RequestContext = Pick<LookContext, 'guest' | 'timeoutMs'> & { readonly signal: AbortSignal };

async function request({ url, method, status, contains }: HttpResponds, context: RequestContext): Promise<HttpAnswer> {
	const { guest, timeoutMs, signal } = context;
	const target = new URL(url);
	const secure = target.protocol === 'https:';
	const host = target.hostname.replace(/^\[|\]$/g, '');
	const stream = await guest.connect(host, Number(target.port) || (secure ? 443 : 80), { timeoutMs, signal });
	try {
		const sent = (secure ? https : http).request(target, {
			method,
			signal,
			headers: { accept: '*/*', 'user-agent': 'rehearse' },
			createConnection: () => (secure ? overTls(stream, host) : stream),
		});
		sent.end();
		const [response] = (await once(sent, 'response')) as [http.IncomingMessage];
		const answered = response.statusCode ?? 0;
		// Some answers never end. One that is as expected need not be read any further.
		const enough = answered === status ? (contains ?? '') : undefined;
		return { status: answered, body: await readBody(response, enough) };
	} finally {
		stream.destroy();
	}
}

/**
 * The certificate is not verified: a lab's services sign their own, for names that exist nowhere else, and what is
 * asserted is the answer, not who gives it.
 */
const overTls = (stream: Duplex, host: string): Duplex =>
	tls.connect({ socket: stream, rejectUnauthorized: false, ...(isIP(host) === 0 && { servername: host }) });

/** @param enough the text behind which nothing need be read */
async function readBody(response: http.IncomingMessage, enough: string | undefined): Promise<string> {
	const chunks: Buffer[] = [];
	let room = maximumBody;
	const body = () => Buffer.concat(chunks).toString('utf8');
	if (enough === '') return '';
	for await (const chunk of response as AsyncIterable<Buffer>) {
		chunks.push(chunk.subarray(0, room));
		room -= chunk.length;
		if (room <= 0 || (enough !== undefined && body().includes(enough))) break;
	}
	return body();
}
