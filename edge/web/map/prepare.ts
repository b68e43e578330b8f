// The geometry of a plan: made at once when somebody needs it, or beforehand a little at a time, so
// that nothing else has to wait for it.
import { geometry_make, geometry_steps, type Geometry } from './geometry.ts';
import type { Plan } from './plan.ts';
import { steps_patiently } from './steps.ts';

const prepared = new WeakMap<Plan, Geometry>();

export async function plan_prepare(plan: Plan): Promise<Plan> {
  prepared.set(plan, await steps_patiently(geometry_steps(plan)));
  return plan;
}

export const geometry_of = (plan: Plan): Geometry => prepared.get(plan) ?? geometry_make(plan);
