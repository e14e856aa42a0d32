ALTER TABLE public.report_package ADD COLUMN prev_working_days INTEGER;
GRANT SELECT (prev_working_days) ON public.report_package TO synkro_operator;
ALTER TABLE public.report_package_fact ADD COLUMN position INTEGER NOT NULL;
