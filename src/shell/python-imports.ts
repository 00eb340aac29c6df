/** The modules that a Python program imports, by its lines. */

/** A module, by the first part of its name, with the 1-based line that imports it. */
export interface PythonImport {
	readonly module: string;
	readonly line: number;
}

/** Each module once, where it is imported first; imports that are tried (`try:`) or are in a string are among them. */
export function pythonImports(text: string): readonly PythonImport[] {
	const found = new Map<string, number>();
	for (const [index, line] of text.split('\n').entries()) {
		for (const statement of line.split(';')) {
			const [, from] = /^\s*from\s+(\w+)[\w.]*\s+import\s/.exec(statement) ?? [];
			const [, list = ''] = /^\s*import\s+([\w.]+(?:\s+as\s+\w+)?(?:\s*,\s*[\w.]+(?:\s+as\s+\w+)?)*)/.exec(statement) ?? [];
			const modules = from === undefined ? list.split(',').map((name) => name.trim().replace(/[\s.].*$/, '')) : [from];
			for (const module of modules) if (module !== '' && !found.has(module)) found.set(module, index + 1);
		}
	}
	return [...found].map(([module, line]) => ({ module, line }));
}
