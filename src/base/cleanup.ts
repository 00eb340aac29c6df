interface Step {
	readonly name: string;
	readonly run: () => Promise<void> | void;
	readonly group: string | undefined;
}

/**
 * Clean-up steps. Each is registered before the thing that it cleans up is acquired.
 *
 * Node 20 has no AsyncDisposableStack. This class has the part of it that the tool needs, and names its steps in messages.
 */
export class CleanupStack {
	readonly #steps: Step[] = [];
	#running: Promise<unknown[]> | undefined;

	/**
	 * Registers a step. Call it before acquiring. The step must work when nothing was acquired.
	 * @param group steps of one group run concurrently when no step of another group lies between them
	 * @returns withdraws the step, for what was cleaned up before its time; a lab that stays for weeks starts many machines
	 */
	defer(name: string, run: () => Promise<void> | void, group?: string): () => void {
		if (this.#running) throw new Error(`clean-up has begun; '${name}' came too late`);
		const step = { name, run, group };
		this.#steps.push(step);
		return () => {
			const index = this.#steps.indexOf(step);
			if (index >= 0) this.#steps.splice(index, 1);
		};
	}

	/** How many steps are still to be run. */
	get length(): number {
		return this.#steps.length;
	}

	/**
	 * Runs every step, the last registered first. A step that fails does not keep the others from running. A second call
	 * waits for the first.
	 * Resolves to the errors, in the order in which they happened.
	 */
	run(): Promise<unknown[]> {
		// `#running` must be set before the first step begins: a step may call `run` or `defer` itself.
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

	/** Takes the step that was registered last, with the steps of its group directly before it. */
	#takeLast(): readonly Step[] {
		const group = this.#steps.at(-1)?.group;
		const before = group === undefined ? this.#steps.length - 2 : this.#steps.findLastIndex((step) => step.group !== group);
		return this.#steps.splice(before + 1).reverse();
	}
}

/**
 * Calls `body` with a new stack, and runs the clean-up afterwards. An error of the clean-up never hides an error of the
 * body: when both fail, it throws an AggregateError with the body's error first.
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
