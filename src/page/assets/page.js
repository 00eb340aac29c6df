// What the page can do where scripts run; without them it reads the same.
(() => {
	'use strict';
	const all = (selector, from = document) => [...from.querySelectorAll(selector)];

	const unfold = (inner) => {
		for (let element = inner; element; element = element.parentElement) if (element.localName === 'details') element.open = true;
	};

	// A link into something that is folded opens it.
	const open = () => {
		let id = '';
		try {
			id = decodeURIComponent(location.hash.slice(1));
		} catch {
			return;
		}
		const target = id && document.getElementById(id);
		if (!target) return;
		unfold(target);
		if (isReloaded) return;
		target.scrollIntoView({ block: target.localName === 'tr' ? 'center' : 'start' });
		if (!target.hasAttribute('tabindex')) target.setAttribute('tabindex', '-1');
		target.focus({ preventScroll: true });
	};
	// A page that loads itself again keeps the reader's place.
	let isReloaded = performance.getEntriesByType('navigation')[0]?.type === 'reload';
	open();
	isReloaded = false;
	addEventListener('hashchange', open);

	// A button beside each command.
	const copy = async (text) => {
		try {
			await navigator.clipboard.writeText(text);
			return true;
		} catch {
			const field = document.createElement('textarea');
			field.value = text;
			document.body.append(field);
			field.select();
			const isDone = document.execCommand('copy');
			field.remove();
			return isDone;
		}
	};
	for (const code of all('[data-copy]')) {
		const button = document.createElement('button');
		button.type = 'button';
		button.className = 'copy';
		button.textContent = 'copy';
		button.setAttribute('aria-label', `copy ${code.textContent}`);
		button.addEventListener('click', async () => {
			button.textContent = (await copy(code.textContent)) ? 'copied' : 'select it by hand';
			setTimeout(() => (button.textContent = 'copy'), 2000);
		});
		code.after(button);
	}

	// The filter keeps what has every word in it, and shows where the words are. Enter goes from one to the next.
	const form = document.getElementById('filter');
	const [input, output] = [form.querySelector('input'), form.querySelector('output')];
	const items = all('[data-f]').map((element) => ({ element, text: element.textContent.toLowerCase() }));
	const maximumFound = 2000;
	let found = [];
	let at = -1;
	const placesOf = (words) => {
		const places = [];
		for (const { element } of items.filter((item) => !item.element.hidden)) {
			const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
			for (let node = walker.nextNode(); node; node = walker.nextNode()) {
				const text = node.data.toLowerCase();
				for (const word of words) {
					for (let from = text.indexOf(word); from >= 0 && places.length < maximumFound; from = text.indexOf(word, from + word.length)) {
						const range = new Range();
						range.setStart(node, Math.min(from, node.length));
						range.setEnd(node, Math.min(from + word.length, node.length));
						places.push(range);
					}
				}
			}
		}
		return places;
	};
	// What a style sheet knows as ::highlight(found); older browsers go without.
	const highlight = (name, ranges) => globalThis.CSS?.highlights?.set(name, new Highlight(...ranges));
	const filter = () => {
		const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
		let kept = 0;
		for (const { element, text } of items) {
			const isKept = words.every((word) => text.includes(word));
			element.hidden = !isKept;
			if (isKept) kept += 1;
		}
		found = words.length === 0 ? [] : placesOf(words);
		at = -1;
		highlight('found', found);
		highlight('here', []);
		output.textContent = words.length === 0 ? '' : `${kept} of ${items.length}`;
	};
	const goOn = (step) => {
		if (found.length === 0) return;
		at = (at + step + found.length) % found.length;
		const range = found[at];
		unfold(range.startContainer.parentElement);
		highlight('here', [range]);
		range.startContainer.parentElement.scrollIntoView({ block: 'center' });
		output.textContent = `${at + 1} of ${found.length}${found.length === maximumFound ? '+' : ''}`;
	};
	form.hidden = false;
	form.addEventListener('submit', (event) => event.preventDefault());
	input.addEventListener('input', filter);
	addEventListener('keydown', (event) => {
		const isTyping = /^(?:input|textarea)$/.test(event.target.localName);
		if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
			event.preventDefault();
			input.focus();
		} else if (event.key === 'Escape' && event.target === input) {
			input.value = '';
			filter();
		} else if (event.key === 'Enter' && event.target === input) {
			event.preventDefault();
			goOn(event.shiftKey ? -1 : 1);
		}
	});

	// A lab that is watched has its page written again and again. What was unfolded remains so, and the keyboard focus is kept.
	if (document.documentElement.hasAttribute('data-reload')) {
		const key = `open ${location.pathname}`;
		const usable = () => all('a[href], button, summary, [tabindex="0"]');
		try {
			const { unfolded = [], focused = -1 } = JSON.parse(sessionStorage.getItem(key) ?? '{}');
			for (const id of unfolded) document.getElementById(id)?.setAttribute('open', '');
			usable()[focused]?.focus({ preventScroll: true });
		} catch {
			// There may be no such storage for files.
		}
		setInterval(() => {
			if (document.hidden || input.value !== '' || String(getSelection()) !== '') return;
			try {
				const unfolded = all('details[open][id]').map(({ id }) => id);
				sessionStorage.setItem(key, JSON.stringify({ unfolded, focused: usable().indexOf(document.activeElement) }));
			} catch {
				// As above.
			}
			location.reload();
		}, 3000);
	}

	// Paper unfolds nothing by itself.
	let folded = [];
	addEventListener('beforeprint', () => {
		folded = all('details:not([open])');
		for (const details of folded) details.open = true;
	});
	addEventListener('afterprint', () => {
		for (const details of folded) details.open = false;
	});
})();
