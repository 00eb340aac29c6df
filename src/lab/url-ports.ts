/** A URL in a text, up to its port, which may be a variable. No part goes past a slash: a text may be full of beginnings. */
const url = /\b(https?):\/\/(?:[^\s/"'@]*@)?(?:\[[^\]\s/]*\]|[^\s/"':?#]*)(:[\d$])?/gi;

/** The ports of the URLs in a text that name none: 80 of http, 443 of https. */
export const defaultPortsIn = (text: string): readonly number[] =>
	[...text.matchAll(url)].flatMap(([, scheme = '', port]) => (port === undefined ? [scheme.toLowerCase() === 'https' ? 443 : 80] : []));
