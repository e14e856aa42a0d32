CREATE DATABASE dagster OWNER synkro;
