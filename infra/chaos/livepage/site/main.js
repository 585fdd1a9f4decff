import { start } from 'race/app';

start();
