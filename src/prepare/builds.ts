/** Builds what several nodes are made from, side by side: what can begin begins, and what is there first is used at once. */
import { Semaphore } from '../base/semaphore.js';
import { allOf, withEither } from '../base/waiting.js';

/** How one product is made. */
export interface BuildSteps<Request, Product> {
	/** Looks for a product that is there already. */
	find(request: Request): Promise<Product | undefined>;
	/** Names what a product is built on. Requests of one name share it. */
	baseOf(request: Request): string;
	buildBase(request: Request, signal: AbortSignal): Promise<void>;
	build(request: Request, signal: AbortSignal): Promise<Product>;
	/** Called once, with the requests of what has to be built: begins to fetch what the builds need. It takes no place. */
	supply?(missing: readonly Request[], signal: AbortSignal): Supplies<Request>;
	/**
	 * Called once, with the first product that is there, and does work of its own with it. It takes the place of the build
	 * that made the product, before any build that waits for one.
	 */
	useFirst?(product: Product, signal: AbortSignal): Promise<void>;
}

/** What is being fetched for builds. */
export interface Supplies<Request> {
	/** Resolves when a build need not wait for it any more. */
	until(request: Request): Promise<void>;
	/** Resolves when nothing is being fetched any more. */
	readonly settled: Promise<void>;
}

export interface BuildOptions {
	/** How many builds run at once. */
	readonly atOnce: number;
	/** Its abort ends all builds. */
	readonly signal?: AbortSignal | undefined;
}

/** Builds that have begun. */
export interface Builds<Product> {
	/** The products, in the order of the requests. When one fails, all that are not there yet reject with its error. */
	readonly products: readonly Promise<Product>[];
	/** Those that are there by now, by the index of their request. */
	readonly ready: ReadonlyMap<number, Product>;
	/** Resolves when nothing is being built any more and the use of the first has ended, whatever became of them. */
	readonly settled: Promise<void>;
}

/**
 * Begins to build all products that are not there. Resolves when it is known which are. The first failure ends all other
 * builds.
 */
export async function startBuilds<Request, Product>(
	requests: readonly Request[],
	steps: BuildSteps<Request, Product>,
	options: BuildOptions,
): Promise<Builds<Product>> {
	const found = await Promise.all(requests.map((request) => steps.find(request)));
	const queue = new BuildQueue(steps, options.atOnce);
	let products: readonly Promise<Product>[] = [];
	// The body begins at once, and has set the products when the call returns.
	const settled = withEither([options.signal, queue.failing.signal], async (signal) => {
		const missing = requests.filter((_request, index) => found[index] === undefined);
		if (missing.length > 0) queue.supply(missing, signal);
		// What is there is used before the first build takes a place.
		found.forEach((product, index) => product !== undefined && queue.take(index, product, signal));
		products = requests.map((request, index) => {
			const product = found[index];
			return product === undefined ? queue.make(index, request, signal) : Promise.resolve(product);
		});
		// Whoever waits for one of them may wait for another at the moment.
		for (const product of products) product.catch(() => undefined);
		await queue.finish();
	});
	return { products, ready: queue.ready, settled };
}

class BuildQueue<Request, Product> {
	/** Aborts with the first failure. */
	readonly failing = new AbortController();
	readonly ready = new Map<number, Product>();
	readonly #steps: BuildSteps<Request, Product>;
	readonly #places: Semaphore;
	readonly #bases = new Map<string, Promise<void>>();
	readonly #work: Promise<void>[] = [];
	#supplies: Supplies<Request> | undefined;

	constructor(steps: BuildSteps<Request, Product>, atOnce: number) {
		this.#steps = steps;
		this.#places = new Semaphore(atOnce);
	}

	/** Begins to fetch what is needed to make these. */
	supply(missing: readonly Request[], signal: AbortSignal): void {
		const supplies = this.#steps.supply?.(missing, signal);
		this.#supplies = supplies;
		if (supplies) this.#work.push(this.#guarded(() => supplies.settled));
	}

	/** Takes a product that was there before. */
	take(index: number, product: Product, signal: AbortSignal): void {
		const isFirst = this.ready.size === 0;
		this.ready.set(index, product);
		if (isFirst) this.#work.push(this.#guarded(() => this.#inPlace(signal, () => this.#useFirst(product, signal))));
	}

	make(index: number, request: Request, signal: AbortSignal): Promise<Product> {
		return new Promise((resolve, reject) => {
			const make = async () => {
				await allOf([this.#base(request, signal), this.#supplies?.until(request) ?? Promise.resolve()]);
				await this.#inPlace(signal, async () => {
					const product = await this.#steps.build(request, signal);
					const isFirst = this.ready.size === 0;
					this.ready.set(index, product);
					resolve(product);
					if (isFirst) await this.#useFirst(product, signal);
				});
			};
			this.#work.push(this.#guarded(make, reject));
		});
	}

	/** Resolves when all work is done. */
	async finish(): Promise<void> {
		await Promise.all(this.#work);
	}

	/** The base is waited for outside of the places, so that another can be built meanwhile. */
	#base(request: Request, signal: AbortSignal): Promise<void> {
		const name = this.#steps.baseOf(request);
		const base = this.#bases.get(name) ?? this.#inPlace(signal, () => this.#steps.buildBase(request, signal));
		this.#bases.set(name, base);
		return base;
	}

	/** Does work when a place is free. What fails ends all other work before its place is free: none begins any more then. */
	#inPlace(signal: AbortSignal, body: () => Promise<void>): Promise<void> {
		return this.#places.take(async () => {
			signal.throwIfAborted();
			try {
				await body();
			} catch (error) {
				this.failing.abort(error);
				throw error;
			}
		});
	}

	async #useFirst(product: Product, signal: AbortSignal): Promise<void> {
		await this.#steps.useFirst?.(product, signal);
	}

	/** Does work, and reports what ended everything where it fails. Never rejects. */
	async #guarded(body: () => Promise<void>, onFailure?: (reason: Error) => void): Promise<void> {
		try {
			await body();
		} catch (error) {
			this.failing.abort(error);
			onFailure?.(this.failing.signal.reason as Error);
		}
	}
}
