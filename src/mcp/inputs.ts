/** Inputs that several tools have. */
import { z } from 'zod';

/** A plan. */
export const planInput = z.string().min(1).max(4096).describe('path of a plan (JSON or YAML), or of a directory with one, relative to the root');

/** A stored run. */
export const runInput = z.string().max(200).optional().describe('id of a run; by default the newest of a plan below the root');

/** A running lab. */
export const labInput = z.string().max(200).optional().describe('name of a lab that is up, or id of its run; by default the only one');

/** A node. */
export const nodeInput = z.string().min(1).max(200).describe('a node of the lab');
