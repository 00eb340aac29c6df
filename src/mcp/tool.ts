/** What all tools have in common: strict input, an answer of bounded length within a bounded time, and errors as text. */
import type { CallToolResult, McpServer, ToolAnnotations } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { brokenFailure, toFailure, toReported, usageFailure } from '../base/errors.js';
import { formatBytes } from '../base/format.js';
import { washed } from '../base/wash.js';
import { withDeadline } from '../base/waiting.js';
import { cutTexts, jsonBytes, maximumAnswerBytes } from './fit.js';

/** Something that can be read with `resources/read`. */
export interface Link {
	readonly uri: string;
	readonly name: string;
	readonly mimeType: string;
}

/** What a tool answers. */
export interface Answer<T> {
	readonly value: T;
	readonly links?: readonly Link[];
}

export interface ToolDefinition<In extends z.ZodObject, Out extends z.ZodObject> {
	readonly name: string;
	readonly title: string;
	readonly description: string;
	/** Strict: a key that it does not have is an error of the client. */
	readonly input: In;
	readonly output: Out;
	readonly hints: ToolAnnotations;
	/** @param signal aborts when the client no longer waits */
	answer(args: z.output<In>, signal: AbortSignal): Promise<Answer<z.input<Out>>>;
}

/** A tool that can be added to a server. */
export interface Tool {
	readonly name: string;
	register(server: McpServer): void;
}

/**
 * No call takes longer, in milliseconds: clients stop waiting after a minute, whatever progress they get meanwhile.
 * Whatever waits within a tool has an earlier deadline; this is for what was not thought of.
 */
const maximumCallMs = 49_500;

/** Hints of a tool that changes nothing at all. */
export const readOnly: ToolAnnotations = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };

/** Hints of a tool that starts or ends something of its own, and changes nothing else. */
export const additive: ToolAnnotations = { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false };

/** Hints of a tool that may destroy something in a guest, which is made for that. */
export const destructive: ToolAnnotations = { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false };

/** Makes a tool from its definition. */
export const defineTool = <In extends z.ZodObject, Out extends z.ZodObject>(definition: ToolDefinition<In, Out>): Tool => ({
	name: definition.name,
	register(server) {
		const { name, title, description, input, output, hints } = definition;
		server.registerTool<z.ZodObject, z.ZodObject>(name, { title, description, inputSchema: input, outputSchema: output, annotations: { title, ...hints } }, async (args, { mcpReq }) => {
			try {
				const late = () => brokenFailure('too-slow', `${name} was not done after ${maximumCallMs / 1000} s`, { hint: 'what it began may go on; lab_status and list_runs show that' });
				const answering = definition.answer(args as z.output<In>, mcpReq.signal);
				const { value, links } = await withDeadline(answering, maximumCallMs, late, mcpReq.signal);
				// Keys that the schema has not would make a client refuse the whole answer.
				return resultOf(washed({ value: output.parse(value), ...(links ? { links } : {}) }));
			} catch (error) {
				return errorOf(error);
			}
		});
	},
});

function resultOf({ value, links = [] }: Answer<object>): CallToolResult {
	const bytes = jsonBytes(value);
	if (bytes > maximumAnswerBytes) {
		throw usageFailure(`the answer has ${formatBytes(bytes)}, more than one answer may have`, { hint: 'ask for less, or read the resources of the run' });
	}
	return {
		structuredContent: value as Record<string, unknown>,
		// The same as text: not every client shows its model the other. JSON keeps what a guest wrote within its quotes.
		content: [{ type: 'text', text: JSON.stringify(value) }, ...links.map((link) => ({ type: 'resource_link' as const, ...link }))],
	};
}

/** Longest part of an error, in characters. */
const maximumErrorText = 4000;

function errorOf(error: unknown): CallToolResult {
	const { code, message, detail, hint } = washed(cutTexts(toReported(toFailure(error)), maximumErrorText));
	// The stack of a fault of this program's own is for its log.
	const shown = code === 'internal' ? undefined : detail;
	const text = [message, shown, hint === undefined ? undefined : `hint: ${hint}`].filter(Boolean).join('\n');
	return { isError: true, content: [{ type: 'text', text: `${text}\n(${code})` }] };
}
