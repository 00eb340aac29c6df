/** The name of the unit that a startup script is in an ISO. */
export const scriptUnit = (script: string): string => `startup-${script}.service`;
