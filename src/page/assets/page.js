// What the page can do where scripts run; without them it reads the same.
(() => {
	'use strict';
	const all = (selector, from = document) => [...from.querySelectorAll(selector)];

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
		for (let element = target; element; element = element.parentElement) if (element.localName === 'details') element.open = true;
		target.scrollIntoView({ block: target.localName === 'tr' ? 'center' : 'start' });
		if (!target.hasAttribute('tabindex')) target.setAttribute('tabindex', '-1');
		target.focus({ preventScroll: true });
	};
	addEventListener('hashchange', open);
	open();

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

	// The filter keeps what has every word in it.
	const form = document.getElementById('filter');
	const [input, output] = [form.querySelector('input'), form.querySelector('output')];
	const items = all('[data-f]').map((element) => ({ element, text: element.textContent.toLowerCase() }));
	const filter = () => {
		const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
		let kept = 0;
		for (const { element, text } of items) {
			const isKept = words.every((word) => text.includes(word));
			element.hidden = !isKept;
			if (isKept) kept += 1;
		}
		output.textContent = words.length === 0 ? '' : `${kept} of ${items.length}`;
	};
	form.hidden = false;
	form.addEventListener('submit', (event) => event.preventDefault());
	input.addEventListener('input', filter);
	addEventListener('keydown', (event) => {
		const isTyping = /^(?:input|textarea)$/.test(event.target.localName);
		if (event.key === '/' && !isTyping) {
			event.preventDefault();
			input.focus();
		} else if (event.key === 'Escape' && event.target === input) {
			input.value = '';
			filter();
		}
	});

	// A lab that is watched has its page written again and again. What was unfolded stays so.
	if (document.documentElement.hasAttribute('data-reload')) {
		const key = `open ${location.pathname}`;
		try {
			for (const id of JSON.parse(sessionStorage.getItem(key) ?? '[]')) document.getElementById(id)?.setAttribute('open', '');
		} catch {
			// There may be no such storage for files.
		}
		setInterval(() => {
			if (document.hidden || input.value !== '' || String(getSelection()) !== '') return;
			try {
				sessionStorage.setItem(key, JSON.stringify(all('details[open][id]').map(({ id }) => id)));
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
