"""Jobs, schedules and the sensor that carries out run requests."""
