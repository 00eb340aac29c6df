/** A word of a command. */
export interface ShellWord {
	/** As written, quotes and expansions included. */
	readonly text: string;
	/** After quote removal; expansions stand in it as they were written. */
	readonly value: string;
	/** True when an expansion makes the word unknown before the script runs. */
	readonly dynamic: boolean;
}
