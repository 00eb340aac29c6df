interface Step {
	readonly name: string;
	readonly run: () => Promise<void> | void;
	readonly group: string | undefined;
}

/**
 * Clean-up, registered before the thing it cleans is acquired.
 *
 * Node 20 has no AsyncDisposableStack; this is the part of it that is needed here, with names for the messages.
 */
export class CleanupStack {
	readonly #steps: Step[] = [];
	#running: Promise<unknown[]> | undefined;

	/**
	 * Registers a step. Call it before acquiring; the step must bear that nothing was acquired.
	 * @param group steps of one group, with none of another between them, are run side by side
	 */
	defer(name: string, run: () => Promise<void> | void, group?: string): void {
		if (this.#running) throw new Error(`clean-up has begun; '${name}' came too late`);
		this.#steps.push({ name, run, group });
	}

	/**
	 * Runs every step, last registered first, each tried whatever became of the others.
	 * A second call waits for the first. Resolves to the errors, in the order in which they happened.
	 */
	run(): Promise<unknown[]> {
		// Not begun before it is known to have begun: a step may call `run` or `defer` itself.
		this.#running ??= Promise.resolve().then(() => this.#runAll());
		return this.#running;
	}

	async #runAll(): Promise<unknown[]> {
		const errors: unknown[] = [];
		const run = async (step: Step) => {
			try {
				await step.run();
			} catch (error) {
				errors.push(new Error(`clean-up of ${step.name} failed: ${String(error)}`, { cause: error }));
			}
		};
		while (this.#steps.length > 0) await Promise.all(this.#takeLast().map(run));
		return errors;
	}

	/** The step registered last, with those of its group right before it. */
	#takeLast(): readonly Step[] {
		const group = this.#steps.at(-1)?.group;
		const before = group === undefined ? this.#steps.length - 2 : this.#steps.findLastIndex((step) => step.group !== group);
		return this.#steps.splice(before + 1).reverse();
	}
}

/**
 * Gives `body` a stack of its own and runs it afterwards. An error of the clean-up never hides one of the body:
 * the body's comes first in an AggregateError.
 */
export async function withCleanup<T>(body: (cleanup: CleanupStack) => Promise<T>): Promise<T> {
	const cleanup = new CleanupStack();
	let outcome: { readonly value: T } | { readonly error: unknown };
	try {
		outcome = { value: await body(cleanup) };
	} catch (error) {
		outcome = { error };
	}
	const errors = await cleanup.run();
	if ('error' in outcome) {
		if (errors.length === 0) throw outcome.error;
		throw new AggregateError([outcome.error, ...errors], String(outcome.error));
	}
	if (errors.length > 0) throw errors.length === 1 ? errors[0] : new AggregateError(errors, String(errors[0]));
	return outcome.value;
}
