ALTER TABLE public.run_request
	ADD COLUMN schedule_id TEXT,
	ADD COLUMN is_refinement BOOLEAN NOT NULL DEFAULT false,
	ADD COLUMN due_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE public.run_request ALTER COLUMN is_refinement DROP DEFAULT;
CREATE UNIQUE INDEX uq_run_request_scheduled ON public.run_request (tenant, schedule_id, is_refinement, period_kind, first_day, last_day) WHERE schedule_id IS NOT NULL;
